// Deletes a post, its reposts and all that hangs on them, and keeps that there was one. No row: it does not exist.
// The lock comes first, so that no repost is made between finding them and deleting the post.
MATCH (post:Post {id: $id})
SET post.lock = $now
WITH post, post.author_id AS author_id, post.quote_of AS quote_of, post.tags AS tags
OPTIONAL MATCH (post)<-[:OF]-(repost:Repost)
DETACH DELETE repost
WITH DISTINCT post, author_id, quote_of, tags
DETACH DELETE post
CREATE (deleted:DeletedPost {id: $id, deleted_at: $now})
RETURN deleted.id AS id, author_id AS author_id, quote_of AS quote_of, tags AS tags
