// Links a post to its tags, which are made when they are new. One row a tag.
MATCH (post:Post {id: $id})
UNWIND $tags AS name
MERGE (tag:Tag {id: name})
CREATE (post)-[:TAGGED {tag: name, rank_key: $rank_key}]->(tag)
RETURN tag.id AS id
