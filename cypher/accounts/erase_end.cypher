// Deletes a user of whom nothing else is left, and the note that it had to be done. No row: no erasure was open.
MATCH (erasure:Erasure {id: $user})
OPTIONAL MATCH (user:User {id: $user})
DETACH DELETE user, erasure
RETURN $user AS id
