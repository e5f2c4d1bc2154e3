// The first direct replies of each of those posts or comments, most liked first and then oldest, after a position.
// No row: the end of the lists.
// The rank key is asked for because Neo4j uses its index over two properties only where both are.
UNWIND $parents AS parent_id
CALL (parent_id) {
  MATCH (comment:Comment {parent_id: parent_id})
  WHERE comment.rank_key IS NOT NULL
  WITH comment, COUNT { (comment)<-[:LIKED]-() } AS likes
  WHERE likes < $after_likes
    OR (likes = $after_likes AND (comment.rank_key > $after_key
      OR (comment.rank_key = $after_key AND comment.id > $after_id)))
  RETURN comment.id AS id, comment.rank_key AS rank_key, likes AS likes
  ORDER BY likes DESC, rank_key, id
  LIMIT $per_parent
}
RETURN
  parent_id AS parent_id,
  id AS id,
  rank_key AS rank_key,
  likes AS likes
