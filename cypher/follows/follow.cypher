// Makes one user follow another, once. No row: one of them does not exist.
MATCH (me:User {id: $viewer})
MATCH (user:User {id: $user})
MERGE (me)-[follow:FOLLOWS]->(user)
ON CREATE SET follow.rank_key = $rank_key
RETURN user.id AS id
