// Makes one user mute another, once, until a moment or for good. No row: one of them does not exist.
MATCH (me:User {id: $viewer})
MATCH (user:User {id: $user})
MERGE (me)-[mute:MUTES]->(user)
ON CREATE SET mute.rank_key = $rank_key
SET mute.until = $until
RETURN user.id AS id
