// Makes users like comments, each once. A pair without a row has an end that does not exist, or was deleted.
UNWIND $rows AS row
MATCH (me:User {id: row.source})
MATCH (comment:Comment {id: row.target})
WHERE comment.deleted = false
OPTIONAL MATCH (me)-[known:LIKED]->(comment)
WITH row, me, comment, known IS NOT NULL AS present
MERGE (me)-[like:LIKED]->(comment)
ON CREATE SET like.rank_key = row.rank_key
RETURN
  row.target AS id,
  present AS present
