// Links a quote to the post it quotes. No row: that post does not exist.
MATCH (post:Post {id: $id})
MATCH (quoted:Post {id: $quoted})
CREATE (post)-[:QUOTES {rank_key: $rank_key}]->(quoted)
RETURN quoted.id AS id
