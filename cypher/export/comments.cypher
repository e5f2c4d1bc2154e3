// What a user commented, newest first. No row: the end of the list.
MATCH (:User {id: $user})-[:WROTE]->(comment:Comment)
WITH {id: comment.id, post_id: comment.post_id, parent_id: comment.parent_id, text: comment.text, edited_at: comment.edited_at} AS item, comment.rank_key AS key, comment.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
