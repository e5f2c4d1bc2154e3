// Creates those of the comments directly on posts that do not exist yet. A comment without a row has no author or no post.
// One that is there already keeps its relationships as they are: a deleted one that keeps its place has lost some.
UNWIND $rows AS row
MATCH (author:User {id: row.author})
MATCH (post:Post {id: row.post})
OPTIONAL MATCH (known:Comment {id: row.id})
WITH row, author, post, known IS NOT NULL AS present
MERGE (comment:Comment {id: row.id})
ON CREATE SET
  comment.author_id = row.author,
  comment.post_id = row.post,
  comment.parent_id = row.post,
  comment.depth = 1,
  comment.rank_key = row.rank_key,
  comment.created_at = row.created_at,
  comment.text = row.text,
  comment.deleted = false,
  comment.revision = 1,
  comment.source_id = row.source_id
FOREACH (one IN CASE WHEN present THEN [] ELSE [1] END |
  MERGE (author)-[:WROTE]->(comment)
  MERGE (comment)-[:REPLY_TO]->(post)
  MERGE (comment)-[:IN_THREAD]->(post)
)
RETURN
  comment.id AS id,
  present AS present
