// The user of an id, with their role and whether they are suspended, unless their erasure has begun. No row: no such user.
MATCH (user:User {id: $user})
OPTIONAL MATCH (erasure:Erasure {id: $user})
OPTIONAL MATCH (user)-[:SUSPENDED]->(suspension:Suspension)
WITH user, erasure, suspension
WHERE erasure IS NULL
RETURN
  user.id AS id,
  user.role AS role,
  suspension IS NOT NULL AS suspended,
  suspension.until AS until
