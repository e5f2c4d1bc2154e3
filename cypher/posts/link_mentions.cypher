// Links a post to the people it mentions. One row a handle that somebody has.
MATCH (post:Post {id: $id})
UNWIND $handles AS handle
MATCH (person:User {handle: handle})
CREATE (post)-[:MENTIONS]->(person)
RETURN person.id AS id
