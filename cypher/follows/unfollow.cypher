// Makes one user follow another no longer. No row: the other does not exist.
MATCH (me:User {id: $viewer})
MATCH (user:User {id: $user})
OPTIONAL MATCH (me)-[follow:FOLLOWS]->(user)
DELETE follow
RETURN DISTINCT user.id AS id
