// What a comment replies to, from the top down, at most a hundred levels. No row: it stands directly on the post.
MATCH (:Comment {id: $id})-[:REPLY_TO*1..100]->(ancestor:Comment)
RETURN ancestor.id AS id
ORDER BY ancestor.depth
