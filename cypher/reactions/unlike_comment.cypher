// Takes a user's like of a comment back. No row: the comment does not exist.
MATCH (me:User {id: $viewer})
MATCH (comment:Comment {id: $comment})
WHERE comment.deleted = false
OPTIONAL MATCH (me)-[like:LIKED]->(comment)
DELETE like
RETURN DISTINCT comment.id AS id, comment.post_id AS post_id
