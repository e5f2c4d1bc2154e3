// Ends the suspension of a user. No row: they are not suspended.
MATCH (suspension:Suspension {id: $user})
DETACH DELETE suspension
RETURN $user AS id
