// Deletes a post, its reposts and all that hangs on them. Of one that was for everybody it is kept that there was one, and
// whether a moderator removed it.
// No row: it does not exist.
// The lock comes first, so that no repost is made between finding them and deleting the post.
MATCH (post:Post {id: $id})
SET post.lock = $now
WITH post, post.author_id AS author_id, post.quote_of AS quote_of, post.tags AS tags, post.visibility AS visibility
OPTIONAL MATCH (post)<-[:OF]-(repost:Repost)
DETACH DELETE repost
WITH DISTINCT post, author_id, quote_of, tags, visibility
DETACH DELETE post
FOREACH (_ IN CASE WHEN visibility = 'public' THEN [1] ELSE [] END |
  CREATE (:DeletedPost {id: $id, deleted_at: $now, removed: $removed})
)
RETURN $id AS id, author_id AS author_id, quote_of AS quote_of, tags AS tags
