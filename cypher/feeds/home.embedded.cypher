// The newest entries by those whom a viewer follows and by the viewer, up to a position. No row: the end of the feed.
// The embedded engine has no ordered index, and walks from author to entry in microseconds.
MATCH (me:User {id: $viewer})
CALL (me) {
  MATCH (me)-[:FOLLOWS]->(:User)-[:POSTED|REPOSTED]->(entry)
  WHERE entry.rank_key < $before_key OR (entry.rank_key = $before_key AND entry.id < $before_id)
  RETURN entry.id AS id, entry.post_id AS post_id, entry.rank_key AS rank_key
  UNION ALL
  MATCH (me)-[:POSTED|REPOSTED]->(entry)
  WHERE entry.rank_key < $before_key OR (entry.rank_key = $before_key AND entry.id < $before_id)
  RETURN entry.id AS id, entry.post_id AS post_id, entry.rank_key AS rank_key
}
RETURN
  id AS id,
  post_id AS post_id,
  rank_key AS rank_key
ORDER BY rank_key DESC, id DESC
LIMIT $limit
