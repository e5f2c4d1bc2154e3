// The posts that a user bookmarked, newest bookmark first. No row: the end of the list.
MATCH (:User {id: $user})-[mark:BOOKMARKED]->(post:Post)
WHERE mark.rank_key < $before_key OR (mark.rank_key = $before_key AND post.id < $before_id)
RETURN
  post.id AS id,
  mark.rank_key AS key
ORDER BY key DESC, id DESC
LIMIT $limit
