// Which of those ids are deleted posts, and whether a moderator removed them. No row: none.
UNWIND $ids AS id
MATCH (post:DeletedPost {id: id})
RETURN post.id AS id, coalesce(post.removed, false) AS removed
