// Makes users follow others, each once. A pair without a row has an end that does not exist.
UNWIND $rows AS row
MATCH (me:User {id: row.source})
MATCH (user:User {id: row.target})
OPTIONAL MATCH (me)-[known:FOLLOWS]->(user)
WITH row, me, user, known IS NOT NULL AS present
MERGE (me)-[follow:FOLLOWS]->(user)
ON CREATE SET follow.rank_key = row.rank_key
RETURN
  row.target AS id,
  present AS present
