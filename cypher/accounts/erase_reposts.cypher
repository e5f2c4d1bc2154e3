// Deletes some reposts of a user. No row: none is left.
MATCH (:User {id: $user})-[:REPOSTED]->(repost:Repost)
WITH repost, repost.id AS id
LIMIT $limit
DETACH DELETE repost
RETURN id AS id
