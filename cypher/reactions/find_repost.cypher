// A user's repost of a post. No row: there is none.
MATCH (repost:Repost {pair: $viewer + $post})
RETURN repost.id AS id
