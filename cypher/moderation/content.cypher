// What was reported as it is now: what a post or comment says, or a user of themselves, and whose it is. No row: it is
// gone.
CALL () {
  MATCH (post:Post {id: $id})<-[:POSTED]-(author:User)
  RETURN author.id AS author_id, author.handle AS handle, post.text AS text
  UNION ALL
  MATCH (comment:Comment {id: $id})<-[:WROTE]-(author:User)
  RETURN author.id AS author_id, author.handle AS handle, comment.text AS text
  UNION ALL
  MATCH (author:User {id: $id})
  RETURN author.id AS author_id, author.handle AS handle, author.bio AS text
}
RETURN author_id AS author_id, handle AS handle, text AS text
