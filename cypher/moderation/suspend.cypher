// Suspends a user until a moment or for good, in the place of an earlier suspension. No row: no such user.
MATCH (user:User {id: $user})
MERGE (suspension:Suspension {id: $user})
SET suspension.at = $now, suspension.until = $until
MERGE (user)-[:SUSPENDED]->(suspension)
RETURN user.id AS id
