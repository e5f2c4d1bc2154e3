// Creates a reply to a comment. No row: author, post or parent does not exist.
MATCH (author:User {id: $author})
MATCH (post:Post {id: $post})
MATCH (parent:Comment {id: $parent})
CREATE (author)-[:WROTE]->(comment:Comment {
  id: $id,
  author_id: $author,
  post_id: $post,
  parent_id: $parent,
  depth: $depth,
  rank_key: $rank_key,
  created_at: $created_at,
  text: $text,
  deleted: false,
  revision: 1
})
CREATE (comment)-[:REPLY_TO]->(parent)
CREATE (comment)-[:IN_THREAD]->(post)
RETURN comment.id AS id
