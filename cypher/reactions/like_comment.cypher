// Makes a user like a comment, once. No row: it does not exist.
MATCH (me:User {id: $viewer})
MATCH (comment:Comment {id: $comment})
WHERE comment.deleted = false
MERGE (me)-[like:LIKED]->(comment)
ON CREATE SET like.rank_key = $rank_key
RETURN comment.id AS id, comment.post_id AS post_id
