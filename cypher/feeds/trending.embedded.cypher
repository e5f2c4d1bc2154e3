// How much the newest posts since a moment were answered to. No row: there is none.
// The embedded engine finds moments in an index, and no rank keys: they are beyond what a double can tell apart.
MATCH (post:Post)
WHERE post.created_at >= $since
WITH post
ORDER BY post.rank_key DESC
LIMIT $limit
RETURN
  post.id AS id,
  post.rank_key AS rank_key,
  COUNT { (post)<-[:LIKED]-() } AS likes,
  COUNT { (post)<-[:OF]-() } AS reposts,
  COUNT { (post)<-[:QUOTES]-() } AS quotes,
  COUNT { (post)<-[:IN_THREAD]-() } AS comments
