// The password hash of the user of a handle, and whether they are suspended. No row: no such user, or one who logs in
// elsewhere.
MATCH (user:User {handle: $handle})-[:HAS_CREDENTIAL]->(credential:Credential)
OPTIONAL MATCH (user)-[:SUSPENDED]->(suspension:Suspension)
RETURN
  user.id AS user_id,
  credential.password_hash AS password_hash,
  suspension IS NOT NULL AS suspended,
  suspension.until AS until
