// Links a post to its tags, which are made when they are new. One row a tag.
MATCH (post:Post {id: $id})
UNWIND $tags AS name
MERGE (tag:Tag {name_lower: name})
ON CREATE SET tag.id = name
CREATE (post)-[:TAGGED {tag: name, rank_key: $rank_key}]->(tag)
RETURN tag.name_lower AS id
