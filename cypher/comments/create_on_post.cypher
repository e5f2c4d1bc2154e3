// Creates a comment directly on a post. No row: author or post does not exist.
MATCH (author:User {id: $author})
MATCH (post:Post {id: $post})
CREATE (author)-[:WROTE]->(comment:Comment {
  id: $id,
  author_id: $author,
  post_id: $post,
  parent_id: $post,
  depth: 1,
  rank_key: $rank_key,
  created_at: $created_at,
  text: $text,
  deleted: false,
  revision: 1
})
CREATE (comment)-[:REPLY_TO]->(post)
CREATE (comment)-[:IN_THREAD]->(post)
RETURN comment.id AS id
