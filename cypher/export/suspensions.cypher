// Until when a user is suspended. No row: they are not.
MATCH (:User {id: $user})-[:SUSPENDED]->(suspension:Suspension)
WITH {created_at: suspension.at, until: suspension.until} AS item, suspension.at AS key, suspension.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
