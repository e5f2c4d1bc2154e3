// The hottest posts, hottest first. No row: nobody has answered to any since that heat.
MATCH (post:Post)
WHERE post.heat >= $since
RETURN post.id AS id, post.heat AS heat
ORDER BY heat DESC, id DESC
LIMIT $limit
