// Who wrote a post, when, for whom, who can comment on it, and at which revision it is. No row: it does not exist.
MATCH (post:Post {id: $id})
RETURN
  post.author_id AS author_id,
  post.rank_key AS rank_key,
  post.visibility AS visibility,
  coalesce(post.replies, 'public') AS replies,
  post.revision AS revision
