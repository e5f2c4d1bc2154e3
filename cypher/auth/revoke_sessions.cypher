// Ends all sessions of a user. No row: none was open.
MATCH (:User {id: $user})-[:HAS_SESSION]->(session:Session)
WHERE session.revoked_at IS NULL
SET session.revoked_at = $now
RETURN session.id AS id
