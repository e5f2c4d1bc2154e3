// A refresh token, its session, which is locked for the rest of the transaction, and whether its user is suspended. No
// row: unknown.
MATCH (:RefreshToken {id: $hash})<-[:ISSUED]-(session:Session)<-[:HAS_SESSION]-(user:User)
SET session.refreshed_at = $now
WITH session, user
MATCH (token:RefreshToken {id: $hash})
OPTIONAL MATCH (user)-[:SUSPENDED]->(suspension:Suspension)
RETURN
  session.id AS session_id,
  user.id AS user_id,
  token.expires_at AS expires_at,
  session.revoked_at IS NOT NULL AS revoked,
  suspension IS NOT NULL AS suspended,
  suspension.until AS until
