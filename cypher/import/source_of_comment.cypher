// Keeps what a comment is called where it was imported from. No row: no such comment.
MATCH (comment:Comment {id: $id})
SET comment.source_id = $source_id
RETURN comment.id AS id
