// Gives the user of a handle a role, or takes it away. No row: no such user.
MATCH (user:User {handle: $handle})
SET user.role = $role
RETURN user.id AS id
