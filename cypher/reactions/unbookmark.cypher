// Takes a user's bookmark of a post away. No row: the post does not exist.
MATCH (me:User {id: $viewer})
MATCH (post:Post {id: $post})
OPTIONAL MATCH (me)-[bookmark:BOOKMARKED]->(post)
DELETE bookmark
RETURN DISTINCT post.id AS id
