// Deletes a user of whom nothing else is left, with their suspension and the note that it had to be done, if they are
// there. No row: something of the user is left.
OPTIONAL MATCH (erasure:Erasure {id: $user})
OPTIONAL MATCH (suspension:Suspension {id: $user})
OPTIONAL MATCH (user:User {id: $user})
WITH erasure, suspension, user
WHERE user IS NULL OR COUNT { (user)--() } = 0
DELETE user, erasure, suspension
RETURN $user AS id
