// Takes a user's like of a post back. No row: the post does not exist.
MATCH (me:User {id: $viewer})
MATCH (post:Post {id: $post})
OPTIONAL MATCH (me)-[like:LIKED]->(post)
DELETE like
RETURN DISTINCT post.id AS id
