// Creates a user whom an issuer vouches for. Always one row; a handle in use is refused, and so is a known identity.
CREATE (user:User {id: $id, handle: $handle, display_name: $display_name, created_at: $now, revision: 1})
CREATE (:Identity {id: $identity, created_at: $now})-[:IDENTIFIES]->(user)
RETURN user.id AS id
