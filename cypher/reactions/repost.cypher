// Makes a user repost a post, once. No row: it does not exist.
MATCH (me:User {id: $viewer})
MATCH (post:Post {id: $post})
MERGE (repost:Repost {pair: $viewer + $post})
ON CREATE SET repost:Entry, repost.id = $id, repost.post_id = $post, repost.author_id = $viewer, repost.rank_key = $rank_key
MERGE (me)-[:REPOSTED]->(repost)
MERGE (repost)-[:OF]->(post)
RETURN repost.id AS id
