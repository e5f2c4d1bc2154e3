// Most liked posts. The posts of the last days that most people like, with their other answers. No row: there is none.
// $days: a whole number from 1 to 3660, or else 7. How many days back.
// $limit: a whole number from 1 to 1000, or else 50. How many posts.
MATCH (post:Post)
WHERE post.created_at >= $now - $days * 86400000000
WITH post, COUNT { (post)<-[:LIKED]-() } AS likes
WHERE likes > 0
RETURN
  post.id AS post_id,
  post.author_id AS author_id,
  post.created_at AS created_at,
  likes AS likes,
  COUNT { (post)<-[:OF]-() } AS reposts,
  COUNT { (post)<-[:IN_THREAD]-() } AS comments
ORDER BY likes DESC, post_id
LIMIT $limit
