// Takes a user's repost of a post back. No row: the post does not exist.
MATCH (post:Post {id: $post})
OPTIONAL MATCH (repost:Repost {id: $id})
WHERE repost.author_id = $viewer
DETACH DELETE repost
RETURN DISTINCT post.id AS id
