// The newest entries by those whom a viewer follows and by the viewer, up to a position and since another. No row: none
// is between them.
// Each author's entries are read in index order, which the redundant first sort key makes the planner do.
MATCH (me:User {id: $viewer})
CALL (me) {
  MATCH (me)-[:FOLLOWS]->(author:User)
  WHERE NOT EXISTS { (me)-[:MUTES]->(author) }
  RETURN author.id AS author_id
  UNION ALL
  RETURN me.id AS author_id
}
CALL (author_id) {
  MATCH (entry:Entry)
  WHERE entry.author_id = author_id
    AND entry.rank_key >= $since
    AND entry.rank_key <= $before_key
    AND (entry.rank_key < $before_key OR entry.id < $before_id)
  RETURN entry
  ORDER BY entry.author_id DESC, entry.rank_key DESC, entry.id DESC
  LIMIT $limit
}
WITH entry, entry.rank_key AS rank_key, entry.id AS id
ORDER BY rank_key DESC, id DESC
LIMIT $limit
RETURN
  id AS id,
  entry.post_id AS post_id,
  entry.author_id AS author_id,
  entry.quote_of AS quote_of,
  rank_key AS rank_key
ORDER BY rank_key DESC, id DESC
