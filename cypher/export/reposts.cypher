// What a user reposted, newest first. No row: the end of the list.
MATCH (:User {id: $user})-[:REPOSTED]->(repost:Repost)
WITH {post_id: repost.post_id} AS item, repost.rank_key AS key, repost.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
