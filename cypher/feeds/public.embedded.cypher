// The newest of all posts for everybody, up to a position and between two moments. No row: none is between them.
// The embedded engine does not walk an index in order, and finds in one only numbers that a double can tell apart, which
// moments are and rank keys are not.
MATCH (post:Post)
WHERE post.created_at >= $since
  AND post.created_at <= $until
  AND post.rank_key <= $before_key
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
