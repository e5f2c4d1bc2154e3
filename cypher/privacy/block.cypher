// Makes one user block another, once, and neither follow the other any longer, nor ask to. No row: one of them does not exist.
MATCH (me:User {id: $viewer})
MATCH (user:User {id: $user})
MERGE (me)-[block:BLOCKS]->(user)
ON CREATE SET block.rank_key = $rank_key
WITH me, user
OPTIONAL MATCH (me)-[following:FOLLOWS]->(user)
OPTIONAL MATCH (user)-[followed:FOLLOWS]->(me)
OPTIONAL MATCH (me)-[asking:REQUESTS]->(user)
OPTIONAL MATCH (user)-[asked:REQUESTS]->(me)
DELETE following, followed, asking, asked
RETURN DISTINCT user.id AS id
