// Creates a post. No row: no such author.
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
  quote_of: $quote_of,
  revision: 1
})
RETURN post.id AS id
