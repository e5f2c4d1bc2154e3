// Deletes some relationships of a user, in either direction. No row: none is left.
MATCH (user:User {id: $user})-[relationship]-()
WITH user, relationship
LIMIT $limit
DELETE relationship
RETURN user.id AS id
