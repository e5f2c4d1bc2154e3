// The user whom an issuer vouches for under that name. No row: nobody yet.
MATCH (:Identity {id: $identity})-[:IDENTIFIES]->(user:User)
RETURN user.id AS id
