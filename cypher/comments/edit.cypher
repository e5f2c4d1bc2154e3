// Sets the text of a comment. No row: it is not at that revision any more.
MATCH (comment:Comment {id: $id})
WHERE comment.revision = $revision AND comment.deleted = false
SET
  comment.text = $text,
  comment.edited_at = $now,
  comment.revision = $revision + 1
RETURN comment.id AS id, comment.post_id AS post_id
