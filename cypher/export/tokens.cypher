// The personal tokens of a user, newest first. No row: the end of the list.
// One that never expires does so after all numbers.
MATCH (:User {id: $user})-[:HAS_TOKEN]->(token:PersonalToken)
WITH {id: token.id, name: token.token_name, scopes: token.scopes, created_at: token.created_at, expires_at: CASE WHEN token.expires_at < 9223372036854775807 THEN token.expires_at END, used_at: token.used_at} AS item, token.created_at AS key, token.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
