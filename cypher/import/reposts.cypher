// Makes users repost posts, each once. A repost without a row has no user or no post.
UNWIND $rows AS row
MATCH (me:User {id: row.author})
MATCH (post:Post {id: row.post})
OPTIONAL MATCH (known:Repost {id: row.id})
WITH row, me, post, known IS NOT NULL AS present
MERGE (repost:Repost {id: row.id})
ON CREATE SET repost:Entry, repost.post_id = row.post, repost.author_id = row.author, repost.rank_key = row.rank_key, repost.quote_of = post.quote_of
MERGE (me)-[:REPOSTED]->(repost)
MERGE (repost)-[:OF]->(post)
RETURN
  repost.id AS id,
  present AS present
