// Creates those of the posts in the rows that do not exist yet. A post without a row has no author, or was deleted here.
UNWIND $rows AS row
MATCH (author:User {id: row.author})
OPTIONAL MATCH (known:Post {id: row.id})
OPTIONAL MATCH (deleted:DeletedPost {id: row.id})
WITH row, author, known IS NOT NULL AS present, deleted IS NOT NULL AS gone
WHERE NOT gone
MERGE (post:Post {id: row.id})
ON CREATE SET
  post:Entry,
  post.post_id = row.id,
  post.author_id = row.author,
  post.rank_key = row.rank_key,
  post.created_at = row.created_at,
  post.text = row.text,
  post.tags = row.tags,
  post.visibility = row.visibility,
  post.revision = 1,
  post.source_id = row.source_id
MERGE (author)-[:POSTED]->(post)
RETURN
  post.id AS id,
  present AS present
