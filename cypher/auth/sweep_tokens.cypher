// Deletes the personal tokens that expired before a moment. Always one row.
MATCH (token:PersonalToken)
WHERE token.expires_at < $before
DETACH DELETE token
RETURN count(*) AS deleted
