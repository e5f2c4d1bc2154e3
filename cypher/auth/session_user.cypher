// The user of a session, and their role. No row: unknown, revoked or expired.
MATCH (session:Session {id: $session})<-[:HAS_SESSION]-(user:User)
WHERE session.revoked_at IS NULL AND session.expires_at > $now
RETURN user.id AS id, user.role AS role
