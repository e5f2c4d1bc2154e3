// Locks somebody for the rest of the transaction, so that what they report at the same time is reported once. No row: no
// such user.
MATCH (user:User {id: $reporter})
SET user.lock = $now
RETURN user.id AS id
