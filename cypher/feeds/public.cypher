// The newest of all posts for everybody, up to a position. No row: the end of the list.
MATCH (post:Post)
WHERE post.rank_key <= $before_key
  AND (post.rank_key < $before_key OR post.id < $before_id)
  AND post.visibility = 'public'
  AND NOT post.author_id IN $hidden
RETURN
  post.id AS id,
  post.id AS post_id,
  post.author_id AS author_id,
  post.rank_key AS rank_key
ORDER BY post.rank_key DESC, post.id DESC
LIMIT $limit
