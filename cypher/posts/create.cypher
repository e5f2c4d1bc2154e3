// Creates a post with its tags, and tells who its author is. No row: no such author.
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
  visibility: $visibility,
  revision: 1
})
SET post.quote_of = $quote_of
FOREACH (name IN $tags |
  MERGE (tag:Tag {id: name})
  CREATE (post)-[:TAGGED {tag: name, rank_key: $rank_key}]->(tag)
)
RETURN author.id AS id, author.handle AS handle, author.display_name AS name, author.avatar_url AS avatar_url
