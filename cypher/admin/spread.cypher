// Spread of a post. Who reposted it, in order, and who of those whom they follow had done so before. No row: nobody.
// $post: a post. Which.
// $limit: a whole number from 1 to 1000, or else 200. How many reposts.
MATCH (post:Post {id: $post})<-[:OF]-(repost:Repost)<-[:REPOSTED]-(person:User)
WITH post, repost, person
ORDER BY repost.rank_key
LIMIT $limit
OPTIONAL MATCH (person)-[:FOLLOWS]->(other:User)-[:REPOSTED]->(earlier:Repost {post_id: $post})
WHERE earlier.rank_key < repost.rank_key
WITH repost.rank_key AS rank_key, person.id AS user_id, person.handle AS handle, collect(other.handle) AS via
RETURN rank_key AS reposted_key, user_id AS user_id, handle AS handle, size(via) AS via_count, via[..5] AS via
ORDER BY reposted_key
LIMIT 1000
