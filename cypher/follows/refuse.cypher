// Takes the request of a user to follow the viewer away. No row: there is no such user.
MATCH (me:User {id: $viewer})
MATCH (user:User {id: $user})
OPTIONAL MATCH (user)-[request:REQUESTS]->(me)
DELETE request
RETURN DISTINCT user.id AS id
