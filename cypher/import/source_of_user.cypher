// Keeps what a user is called where it was imported from. No row: no such user.
MATCH (user:User {id: $id})
SET user.source_id = $source_id
RETURN user.id AS id
