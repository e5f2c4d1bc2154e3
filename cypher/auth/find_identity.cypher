// The user whom an issuer vouches for under that name, with their role and whether they are suspended. No row: nobody yet.
MATCH (:Identity {id: $identity})-[:IDENTIFIES]->(user:User)
OPTIONAL MATCH (user)-[:SUSPENDED]->(suspension:Suspension)
RETURN
  user.id AS id,
  user.role AS role,
  suspension IS NOT NULL AS suspended,
  suspension.until AS until
