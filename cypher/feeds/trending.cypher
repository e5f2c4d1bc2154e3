// How much the newest posts were answered to. No row: there is none.
// The rank key is asked for because the planner walks its index in order only then.
MATCH (post:Post)
WHERE post.rank_key IS NOT NULL
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
