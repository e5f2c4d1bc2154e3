// Makes a user like a post, once. No row: it does not exist.
MATCH (me:User {id: $viewer})
MATCH (post:Post {id: $post})
MERGE (me)-[like:LIKED]->(post)
ON CREATE SET like.rank_key = $rank_key
RETURN post.id AS id
