// Removes a comment that nobody replied to. No row: it does not exist, or has replies.
MATCH (comment:Comment {id: $id})
WHERE COUNT { (comment)<-[:REPLY_TO]-() } = 0
WITH comment, comment.post_id AS post_id
DETACH DELETE comment
RETURN $id AS id, post_id AS post_id
