// The newest entries by those whom a viewer follows and by the viewer, up to a position and since another. No row: none
// is between them.
// The embedded engine has no ordered index of two properties. It walks from author to entry, and what is older than
// $since costs it a comparison: a tenth of what a row does.
MATCH (:User {id: $viewer})-[:FOLLOWS*0..1]->()-[:POSTED|REPOSTED]->(entry)
WHERE entry.rank_key >= $since
  AND entry.rank_key <= $before_key
  AND (entry.rank_key < $before_key OR entry.id < $before_id)
RETURN
  entry.id AS id,
  entry.post_id AS post_id,
  entry.author_id AS author_id,
  entry.quote_of AS quote_of,
  entry.rank_key AS rank_key
ORDER BY rank_key DESC, id DESC
LIMIT $limit
