// Removes a comment that nobody replied to. No row: it does not exist, or has replies.
MATCH (comment:Comment {id: $id})
WHERE COUNT { (comment)<-[:REPLY_TO]-() } = 0
DETACH DELETE comment
RETURN $id AS id
