// Keeps the answer that the request of a key was given. Always one row.
MATCH (key:IdempotencyKey {id: $key})
SET key.location = $location, key.body = $body
RETURN key.id AS id
