// A refresh token and its session, which is locked for the rest of the transaction. No row: unknown.
MATCH (:RefreshToken {id: $hash})<-[:ISSUED]-(session:Session)<-[:HAS_SESSION]-(user:User)
SET session.refreshed_at = $now
WITH session, user
MATCH (token:RefreshToken {id: $hash})
RETURN
  session.id AS session_id,
  user.id AS user_id,
  token.expires_at AS expires_at,
  session.revoked_at IS NOT NULL AS revoked
