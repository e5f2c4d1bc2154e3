// The personal tokens of a user, newest first. No row: the end of the list.
MATCH (:User {id: $user})-[:HAS_TOKEN]->(token:PersonalToken)
WHERE token.created_at < $before_key OR (token.created_at = $before_key AND token.id < $before_id)
WITH token
ORDER BY token.created_at DESC, token.id DESC
LIMIT $limit
RETURN
  token.id AS id,
  token.token_name AS token_name,
  token.scopes AS scopes,
  token.created_at AS created_at,
  token.expires_at AS expires_at,
  token.used_at AS used_at
