// Growth by day. New accounts, posts and comments of each day (UTC), newest first. No row: nothing is new.
// $days: a whole number from 1 to 366, or else 30. How many days back.
CALL () {
  MATCH (user:User)
  WHERE user.created_at >= $now - $days * 86400000000
  RETURN user.created_at AS made, 1 AS user, 0 AS post, 0 AS comment
  UNION ALL
  MATCH (post:Post)
  WHERE post.created_at >= $now - $days * 86400000000
  RETURN post.created_at AS made, 0 AS user, 1 AS post, 0 AS comment
  UNION ALL
  MATCH (comment:Comment)
  WHERE comment.created_at >= $now - $days * 86400000000
  RETURN comment.created_at AS made, 0 AS user, 0 AS post, 1 AS comment
}
WITH made - made % 86400000000 AS day, sum(user) AS users, sum(post) AS posts, sum(comment) AS comments
RETURN day AS day, users AS users, posts AS posts, comments AS comments
ORDER BY day DESC
LIMIT 366
