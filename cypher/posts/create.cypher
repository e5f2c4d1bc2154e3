// Creates a post. No row: no such author.
// What may be null is set afterwards: the embedded engine refuses a pattern with a property that no node has had yet.
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
RETURN post.id AS id
