// Deletes the sessions that ended before a moment, with their tokens. Always one row.
MATCH (session:Session)
WHERE session.expires_at < $before OR session.revoked_at < $before
OPTIONAL MATCH (session)-[:ISSUED]->(token:RefreshToken)
DETACH DELETE session, token
RETURN count(*) AS deleted
