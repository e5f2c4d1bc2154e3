// Since when issuers vouch for a user, newest first. No row: the end of the list.
MATCH (:User {id: $user})<-[:IDENTIFIES]-(identity:Identity)
WITH {id: identity.id, created_at: identity.created_at} AS item, identity.created_at AS key, identity.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
