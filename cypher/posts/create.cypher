// Creates a post with its tags, and tells who its author is and for whom it is. No row: no such author.
// What may be null is set afterwards: in a pattern the embedded engine refuses a property that no stored node has.
MATCH (author:User {id: $author})
CREATE (author)-[:POSTED]->(post:Post:Entry {
  id: $id,
  post_id: $id,
  author_id: $author,
  rank_key: $rank_key,
  created_at: $created_at,
  text: $text,
  tags: $tags,
  visibility: coalesce($visibility, CASE WHEN author.locked IS NULL THEN 'public' ELSE 'followers' END),
  revision: 1
})
SET post.quote_of = $quote_of, post.replies = $replies
FOREACH (name IN $tags |
  MERGE (tag:Tag {id: name})
  CREATE (post)-[:TAGGED {tag: name, rank_key: $rank_key}]->(tag)
)
RETURN
  {id: author.id, handle: author.handle, name: author.display_name, avatar_url: author.avatar_url} AS author,
  post.visibility AS visibility
