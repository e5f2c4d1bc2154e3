// What a user posted, newest first. No row: the end of the list.
MATCH (:User {id: $user})-[:POSTED]->(post:Post)
WITH {id: post.id, text: post.text, edited_at: post.edited_at, visibility: post.visibility, replies: coalesce(post.replies, 'public'), tags: post.tags, quote_of: post.quote_of} AS item, post.rank_key AS key, post.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
