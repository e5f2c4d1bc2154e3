// Locks the author for the rest of the transaction, before anything of theirs is counted. No row: no such user.
MATCH (author:User {id: $author})
SET author.lock = $now
RETURN author.id AS id
