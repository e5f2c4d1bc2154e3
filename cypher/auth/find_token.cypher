// The personal token of a hash, and its user. No row: unknown, or expired.
MATCH (token:PersonalToken {token_hash: $hash})<-[:HAS_TOKEN]-(user:User)
WHERE token.expires_at > $now
RETURN
  token.id AS id,
  user.id AS user_id,
  token.scopes AS scopes,
  token.expires_at AS expires_at,
  token.used_at AS used_at
