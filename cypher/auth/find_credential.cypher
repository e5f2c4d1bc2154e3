// The password hash of the user of a handle. No row: no such user, or one who logs in elsewhere.
MATCH (user:User {handle: $handle})-[:HAS_CREDENTIAL]->(credential:Credential)
RETURN
  user.id AS user_id,
  credential.password_hash AS password_hash
