// What admins did, newest first, after a position. No row: the end of the list.
MATCH (entry:AuditEntry)
WHERE entry.at <= $before_at
  AND (entry.at < $before_at OR entry.id < $before_id)
RETURN
  entry.id AS id,
  entry.at AS at,
  entry.actor_id AS actor_id,
  entry.action AS action,
  entry.detail AS detail
ORDER BY entry.at DESC, entry.id DESC
LIMIT $limit
