// The log-ins of a user, newest first. No row: the end of the list.
MATCH (:User {id: $user})-[:HAS_SESSION]->(session:Session)
WITH {id: session.id, created_at: session.created_at, expires_at: session.expires_at, revoked_at: session.revoked_at} AS item, session.created_at AS key, session.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
