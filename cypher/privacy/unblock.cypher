// Makes one user block another no longer. No row: the other does not exist.
MATCH (me:User {id: $viewer})
MATCH (user:User {id: $user})
OPTIONAL MATCH (me)-[block:BLOCKS]->(user)
DELETE block
RETURN DISTINCT user.id AS id
