// Takes an idempotency key, or finds what was done under it: then with its answer. Always one row.
MERGE (key:IdempotencyKey {id: $key})
ON CREATE SET key.actor_id = $actor, key.fingerprint = $fingerprint, key.created_at = $now
RETURN
  key.fingerprint AS fingerprint,
  key.location AS location,
  key.body AS body
