// Creates a user and, with a password hash, the credential to log in with. Always one row; a handle in use is refused.
// What may be null is set afterwards: the embedded engine refuses a pattern with a property that no node has had yet.
CREATE (user:User {id: $id, handle: $handle, display_name: $display_name, created_at: $now, revision: 1})
SET user.bio = $bio
FOREACH (password_hash IN CASE WHEN $password_hash IS NULL THEN [] ELSE [$password_hash] END |
  CREATE (user)-[:HAS_CREDENTIAL]->(:Credential {id: $id, password_hash: password_hash})
)
RETURN user.id AS id
