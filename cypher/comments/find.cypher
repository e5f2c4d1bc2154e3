// What a reply needs to know of a comment. No row: it does not exist.
MATCH (comment:Comment {id: $id})
RETURN
  comment.post_id AS post_id,
  comment.parent_id AS parent_id,
  comment.author_id AS author_id,
  comment.depth AS depth,
  comment.deleted AS deleted,
  comment.revision AS revision
