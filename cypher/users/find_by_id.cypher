// No row: no user has that id.
MATCH (user:User {id: $id})
RETURN user.id AS id
