// Keeps when a personal token was used last. No row: no such token.
MATCH (token:PersonalToken {id: $id})
SET token.used_at = $now
RETURN token.id AS id
