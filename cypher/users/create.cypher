// Creates a user and, with a password hash, the credential to log in with. Always one row; a handle in use is refused.
CREATE (user:User {id: $id, handle: $handle, display_name: $display_name, bio: $bio, created_at: $now, revision: 1})
FOREACH (password_hash IN CASE WHEN $password_hash IS NULL THEN [] ELSE [$password_hash] END |
  CREATE (user)-[:HAS_CREDENTIAL]->(:Credential {id: $id, password_hash: password_hash})
)
RETURN user.id AS id
