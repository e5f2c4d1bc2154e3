// Takes from a comment with replies all but its place. No row: it does not exist.
MATCH (comment:Comment {id: $id})
OPTIONAL MATCH (comment)-[thread:IN_THREAD]->()
OPTIONAL MATCH (comment)<-[mark:LIKED|WROTE]-()
DELETE thread, mark
WITH DISTINCT comment
SET
  comment.text = '',
  comment.author_id = null,
  comment.edited_at = null,
  comment.deleted = true,
  comment.removed = $removed,
  comment.revision = comment.revision + 1
RETURN comment.id AS id, comment.post_id AS post_id
