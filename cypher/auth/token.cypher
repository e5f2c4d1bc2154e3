// A personal token of a user. No row: the user has no such token.
MATCH (:User {id: $user})-[:HAS_TOKEN]->(token:PersonalToken {id: $id})
RETURN
  token.id AS id,
  token.token_name AS token_name,
  token.scopes AS scopes,
  token.created_at AS created_at,
  token.expires_at AS expires_at,
  token.used_at AS used_at
