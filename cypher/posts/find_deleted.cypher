// Which of those ids are deleted posts. No row: none.
UNWIND $ids AS id
MATCH (post:DeletedPost {id: id})
RETURN post.id AS id
