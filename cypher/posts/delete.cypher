// Deletes a post, its reposts and all that hangs on them, and keeps that there was one. No row: it does not exist.
// The lock comes first, so that no repost is made between finding them and deleting the post.
MATCH (post:Post {id: $id})
SET post.lock = $now
WITH post
OPTIONAL MATCH (post)<-[:OF]-(repost:Repost)
DETACH DELETE repost
WITH DISTINCT post
DETACH DELETE post
CREATE (deleted:DeletedPost {id: $id, deleted_at: $now})
RETURN deleted.id AS id
