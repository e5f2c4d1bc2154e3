// Ends a session. No row: no such session.
MATCH (session:Session {id: $session})
SET session.revoked_at = $now
RETURN session.id AS id
