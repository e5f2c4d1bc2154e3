// Opens a session with its first refresh token. No row: no such user.
MATCH (user:User {id: $user})
CREATE (user)-[:HAS_SESSION]->(session:Session {id: $session, created_at: $now, expires_at: $expires_at})
CREATE (session)-[:ISSUED]->(:RefreshToken {id: $hash, issued_at: $now, expires_at: $expires_at})
RETURN session.id AS id
