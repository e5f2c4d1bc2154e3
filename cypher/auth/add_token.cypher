// Gives a user a personal token. No row: no such user.
MATCH (user:User {id: $user})
CREATE (user)-[:HAS_TOKEN]->(token:PersonalToken {
  id: $id,
  token_hash: $hash,
  token_name: $token_name,
  scopes: $scopes,
  created_at: $now,
  expires_at: $expires_at
})
RETURN token.id AS id
