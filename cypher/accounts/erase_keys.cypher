// Deletes the answers kept under a user's idempotency keys, for they repeat what the user wrote. Always one row.
MATCH (key:IdempotencyKey)
WHERE key.actor_id = $user
DETACH DELETE key
RETURN count(*) AS deleted
