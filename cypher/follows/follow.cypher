// Makes one user follow another, once, unless that takes the other's consent. No row: it does, or one of them does not
// exist.
MATCH (me:User {id: $viewer})
MATCH (user:User {id: $user})
WHERE user.locked IS NULL OR EXISTS { (me)-[:FOLLOWS]->(user) }
MERGE (me)-[follow:FOLLOWS]->(user)
ON CREATE SET follow.rank_key = $rank_key
WITH me, user
OPTIONAL MATCH (me)-[request:REQUESTS]->(user)
DELETE request
RETURN user.id AS id
