// Sets the text of a post. No row: it is not at that revision any more.
MATCH (post:Post {id: $id})
WHERE post.revision = $revision
SET
  post.text = $text,
  post.tags = $tags,
  post.edited_at = $now,
  post.revision = $revision + 1
RETURN post.author_id AS author_id, post.visibility AS visibility
