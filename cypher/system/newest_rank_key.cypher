// The rank key of the newest post. No row: there is none yet.
MATCH (post:Post)
WHERE post.rank_key > 0
RETURN post.rank_key AS rank_key
ORDER BY post.rank_key DESC
LIMIT 1
