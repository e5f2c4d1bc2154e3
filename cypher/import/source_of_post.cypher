// Keeps what a post is called where it was imported from. No row: no such post.
MATCH (post:Post {id: $id})
SET post.source_id = $source_id
RETURN post.id AS id
