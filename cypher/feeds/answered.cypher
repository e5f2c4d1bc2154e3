// Locks posts that are for everybody, and tells how hot they are, and how much they are answered to now and were when
// that was set. No row: it is no such post, or not any more.
UNWIND $ids AS id
MATCH (post:Post {id: id})
WHERE post.visibility = 'public'
SET post.lock = $now
RETURN
  post.id AS id,
  post.heat AS heat,
  coalesce(post.answers, 0) AS answers,
  COUNT { (post)<-[:LIKED]-() } AS likes,
  COUNT { (post)<-[:OF]-() } AS reposts,
  COUNT { (post)<-[:QUOTES]-() } AS quotes,
  COUNT { (post)<-[:IN_THREAD]-() } AS comments
