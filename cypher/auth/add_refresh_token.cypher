// Gives a session its next refresh token. No row: no such session.
MATCH (session:Session {id: $session})
SET session.expires_at = $expires_at
CREATE (session)-[:ISSUED]->(token:RefreshToken {id: $hash, issued_at: $now, expires_at: $expires_at})
RETURN token.id AS id
