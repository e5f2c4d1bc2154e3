// Asks a user for consent to follow them, once. No row: it takes none, or one of them does not exist.
MATCH (me:User {id: $viewer})
MATCH (user:User {id: $user})
WHERE user.locked IS NOT NULL
MERGE (me)-[request:REQUESTS]->(user)
ON CREATE SET request.rank_key = $rank_key
RETURN user.id AS id
