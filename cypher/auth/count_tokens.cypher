// Locks a user for the rest of the transaction, then counts their personal tokens that are good. No row: no such user.
MATCH (user:User {id: $user})
SET user.lock = $now
RETURN COUNT { (user)-[:HAS_TOKEN]->(token) WHERE token.expires_at > $now } AS count
