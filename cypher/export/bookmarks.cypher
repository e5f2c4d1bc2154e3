// The posts that a user bookmarked, newest bookmark first. No row: the end of the list.
MATCH (:User {id: $user})-[mark:BOOKMARKED]->(post:Post)
WITH {post_id: post.id} AS item, mark.rank_key AS key, post.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
