// Deletes the keys that were taken before a moment. Always one row.
MATCH (key:IdempotencyKey)
WHERE key.created_at < $before
DETACH DELETE key
RETURN count(*) AS deleted
