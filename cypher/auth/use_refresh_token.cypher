// Marks a refresh token as used. No row: it already was.
MATCH (token:RefreshToken {id: $hash})
WHERE token.used_at IS NULL
SET token.used_at = $now
RETURN token.id AS id
