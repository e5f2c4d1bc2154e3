// The personal token of a hash, and its user with their role and whether they are suspended. No row: unknown, or expired.
MATCH (token:PersonalToken {token_hash: $hash})<-[:HAS_TOKEN]-(user:User)
WHERE token.expires_at > $now
OPTIONAL MATCH (user)-[:SUSPENDED]->(suspension:Suspension)
RETURN
  token.id AS id,
  {id: user.id, role: user.role, suspended: suspension IS NOT NULL, until: suspension.until} AS account,
  token.scopes AS scopes,
  token.expires_at AS expires_at,
  token.used_at AS used_at
