// Makes one user follow another no longer, nor ask to. No row: the other does not exist.
MATCH (me:User {id: $viewer})
MATCH (user:User {id: $user})
OPTIONAL MATCH (me)-[follow:FOLLOWS]->(user)
OPTIONAL MATCH (me)-[request:REQUESTS]->(user)
DELETE follow, request
RETURN DISTINCT user.id AS id
