// Which of those comments a viewer likes. An id without a row is not liked.
MATCH (me:User {id: $viewer})
UNWIND $ids AS id
MATCH (comment:Comment {id: id})
WHERE EXISTS { (me)-[:LIKED]->(comment) }
RETURN comment.id AS id
