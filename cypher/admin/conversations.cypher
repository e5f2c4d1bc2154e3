// Longest conversations. The posts of the last days with most comments, and how deep these go. No row: there is none.
// $days: a whole number from 1 to 366, or else 7. How many days back.
// $limit: a whole number from 1 to 500, or else 50. How many posts.
MATCH (post:Post)
WHERE post.created_at >= $now - $days * 86400000000
WITH post, COUNT { (post)<-[:IN_THREAD]-() } AS comments
WHERE comments > 0
WITH post, comments
ORDER BY comments DESC, post.id
LIMIT $limit
MATCH (post)<-[:IN_THREAD]-(comment:Comment)
WITH post, comments, max(comment.depth) AS deepest, count(DISTINCT comment.author_id) AS people
RETURN
  post.id AS post_id,
  post.author_id AS author_id,
  post.created_at AS created_at,
  comments AS comments,
  people AS people,
  deepest AS deepest
ORDER BY comments DESC, post_id
LIMIT 500
