// The first direct replies of each of those posts or comments, oldest first, after a position. No row: the end of the lists.
// Sorting by the parent as well lets Neo4j's planner read the index in order and stop. The embedded one uses its index
// only for a parent that stands in the pattern.
UNWIND $parents AS parent_id
CALL (parent_id) {
  MATCH (comment:Comment {parent_id: parent_id})
  WHERE comment.rank_key >= $after_key
    AND (comment.rank_key > $after_key OR comment.id > $after_id)
  RETURN comment.id AS id, comment.rank_key AS rank_key
  ORDER BY comment.parent_id ASC, comment.rank_key ASC, comment.id ASC
  LIMIT $per_parent
}
RETURN
  parent_id AS parent_id,
  id AS id,
  rank_key AS rank_key,
  0 AS likes
