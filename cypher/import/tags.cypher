// Links posts to their tags, which are made when they are new. A pair without a row has no post.
UNWIND $rows AS row
MATCH (post:Post {id: row.post})
MERGE (tag:Tag {id: row.tag})
MERGE (post)-[tagged:TAGGED]->(tag)
ON CREATE SET tagged.tag = row.tag, tagged.rank_key = row.rank_key
RETURN tag.id AS id
