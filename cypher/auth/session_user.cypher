// The user of a session, with their role and whether they are suspended. No row: unknown, revoked or expired.
MATCH (session:Session {id: $session})<-[:HAS_SESSION]-(user:User)
WHERE session.revoked_at IS NULL AND session.expires_at > $now
OPTIONAL MATCH (user)-[:SUSPENDED]->(suspension:Suspension)
RETURN
  user.id AS id,
  user.role AS role,
  suspension IS NOT NULL AS suspended,
  suspension.until AS until
