// Locks a comment for the rest of the transaction, so that it is not deleted while somebody replies. No row: no such comment.
MATCH (comment:Comment {id: $id})
SET comment.lock = $id
RETURN comment.id AS id
