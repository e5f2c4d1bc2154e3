// Makes one user mute another no longer. No row: the other does not exist.
MATCH (me:User {id: $viewer})
MATCH (user:User {id: $user})
OPTIONAL MATCH (me)-[mute:MUTES]->(user)
DELETE mute
RETURN DISTINCT user.id AS id
