// The user of an id, unless their erasure has begun. No row: no such user.
MATCH (user:User {id: $user})
OPTIONAL MATCH (erasure:Erasure {id: $user})
WITH user, erasure
WHERE erasure IS NULL
RETURN user.id AS id
