// Makes users like posts, each once. A pair without a row has an end that does not exist.
UNWIND $rows AS row
MATCH (me:User {id: row.source})
MATCH (post:Post {id: row.target})
OPTIONAL MATCH (me)-[known:LIKED]->(post)
WITH row, me, post, known IS NOT NULL AS present
MERGE (me)-[like:LIKED]->(post)
ON CREATE SET like.rank_key = row.rank_key
RETURN
  row.target AS id,
  present AS present
