// A user's repost of a post, by the id that the two give it. No row: there is none.
MATCH (repost:Repost {id: $id})
RETURN repost.id AS id
