// The role of a user, null for none. No row: no such user.
MATCH (user:User {id: $user})
RETURN user.id AS id, user.role AS role
