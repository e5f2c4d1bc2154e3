// Bookmarks a post for a user, once. No row: it does not exist.
MATCH (me:User {id: $viewer})
MATCH (post:Post {id: $post})
MERGE (me)-[bookmark:BOOKMARKED]->(post)
ON CREATE SET bookmark.rank_key = $rank_key
RETURN post.id AS id
