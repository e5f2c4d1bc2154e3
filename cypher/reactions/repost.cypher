// Makes a user repost a post, once: the two give the repost its id. No row: the post does not exist.
MATCH (me:User {id: $viewer})
MATCH (post:Post {id: $post})
MERGE (repost:Repost {id: $id})
ON CREATE SET repost:Entry, repost.post_id = $post, repost.author_id = $viewer, repost.rank_key = $rank_key, repost.quote_of = post.quote_of
MERGE (me)-[:REPOSTED]->(repost)
MERGE (repost)-[:OF]->(post)
RETURN repost.rank_key AS rank_key
