// The comments of those ids, as everybody sees them. An id without a row is no comment. A deleted one has no author.
UNWIND $ids AS id
MATCH (comment:Comment {id: id})
OPTIONAL MATCH (comment)<-[:WROTE]-(author:User)
RETURN
  comment.id AS id,
  comment.post_id AS post_id,
  CASE WHEN comment.depth = 1 THEN null ELSE comment.parent_id END AS parent_id,
  CASE WHEN author IS NULL THEN null ELSE {id: author.id, handle: author.handle, name: author.display_name, avatar_url: author.avatar_url} END AS author,
  comment.text AS text,
  comment.created_at AS created_at,
  comment.edited_at AS edited_at,
  comment.depth AS depth,
  comment.deleted AS deleted,
  coalesce(comment.removed, false) AS removed,
  {
    replies: COUNT { (comment)<-[:REPLY_TO]-() },
    likes: COUNT { (comment)<-[:LIKED]-() }
  } AS counts,
  comment.revision AS revision
