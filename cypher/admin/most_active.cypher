// Most active people. Who posted and commented most in the last days. No row: nobody did.
// $days: a whole number from 1 to 366, or else 7. How many days back.
// $limit: a whole number from 1 to 1000, or else 50. How many people.
CALL () {
  MATCH (post:Post)
  WHERE post.created_at >= $now - $days * 86400000000
  RETURN post.author_id AS author_id, 1 AS post, 0 AS comment
  UNION ALL
  MATCH (comment:Comment)
  WHERE comment.created_at >= $now - $days * 86400000000 AND comment.deleted = false
  RETURN comment.author_id AS author_id, 0 AS post, 1 AS comment
}
WITH author_id, sum(post) AS posts, sum(comment) AS comments
ORDER BY posts + comments DESC, author_id
LIMIT $limit
MATCH (user:User {id: author_id})
RETURN user.id AS user_id, user.handle AS handle, posts AS posts, comments AS comments
ORDER BY posts + comments DESC, user_id
LIMIT 1000
