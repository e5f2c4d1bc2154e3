// The posts of those ids, as everybody sees them. An id without a row is no post, or not any more.
// The far ends of the counts have no label, so that each is a degree that is read and not counted. The author is sought
// by id, and mentions only in a text that has a mark: a walk reads all that hangs on the post.
UNWIND $ids AS id
MATCH (post:Post {id: id})
MATCH (author:User {id: post.author_id})
RETURN
  post.id AS id,
  {id: author.id, handle: author.handle, name: author.display_name, avatar_url: author.avatar_url} AS author,
  post.text AS text,
  post.created_at AS created_at,
  post.edited_at AS edited_at,
  post.visibility AS visibility,
  coalesce(post.replies, 'public') AS replies,
  post.quote_of AS quote_of,
  post.tags AS tags,
  CASE
    WHEN post.text CONTAINS '@' THEN [(post)-[:MENTIONS]->(person:User) | {id: person.id, handle: person.handle, name: person.display_name, avatar_url: person.avatar_url}]
    ELSE []
  END AS mentions,
  {
    comments: COUNT { (post)<-[:IN_THREAD]-() },
    likes: COUNT { (post)<-[:LIKED]-() },
    reposts: COUNT { (post)<-[:OF]-() },
    quotes: COUNT { (post)<-[:QUOTES]-() }
  } AS counts,
  post.revision AS revision,
  post.rank_key AS rank_key,
  COUNT { (post)<-[:BOOKMARKED]-() } AS bookmarks
