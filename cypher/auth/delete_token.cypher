// Ends a personal token of a user. No row: the user has no such token.
MATCH (:User {id: $user})-[:HAS_TOKEN]->(token:PersonalToken {id: $id})
WITH token, token.token_hash AS hash
DETACH DELETE token
RETURN hash AS hash
