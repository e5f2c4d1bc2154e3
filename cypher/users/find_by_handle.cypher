// No row: no user has that handle.
MATCH (user:User {handle: $handle})
RETURN user.id AS id
