// The users of sessions, with their roles and whether they are suspended. No row for a session that is unknown, revoked or
// expired.
UNWIND $sessions AS id
MATCH (session:Session {id: id})<-[:HAS_SESSION]-(user:User)
WHERE session.revoked_at IS NULL AND session.expires_at > $now
OPTIONAL MATCH (user)-[:SUSPENDED]->(suspension:Suspension)
RETURN
  session.id AS session,
  {id: user.id, role: user.role, suspended: suspension IS NOT NULL, until: suspension.until} AS account
