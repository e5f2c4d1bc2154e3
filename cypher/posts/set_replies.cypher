// Sets who can comment on a post. No row: it is not at that revision any more.
MATCH (post:Post {id: $id})
WHERE post.revision = $revision
SET post.replies = $replies, post.revision = $revision + 1
RETURN post.id AS id
