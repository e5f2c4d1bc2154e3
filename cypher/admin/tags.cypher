// Tags. How many posts of the last days have each tag, and by how many authors. No row: no post has one.
// $days: a whole number from 1 to 366, or else 7. How many days back.
// $limit: a whole number from 1 to 1000, or else 100. How many tags.
MATCH (post:Post)-[:TAGGED]->(tag:Tag)
WHERE post.created_at >= $now - $days * 86400000000
RETURN tag.id AS tag, count(*) AS posts, count(DISTINCT post.author_id) AS authors
ORDER BY posts DESC, tag
LIMIT $limit
