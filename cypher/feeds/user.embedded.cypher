// The newest posts and reposts of a user that a viewer may see, up to a position. No row: the end of the list.
// The embedded engine has no ordered index, and walks from author to entry in microseconds.
MATCH (:User {id: $user})-[:POSTED|REPOSTED]->(entry)
WHERE (entry.rank_key < $before_key OR (entry.rank_key = $before_key AND entry.id < $before_id))
  AND (
    entry.visibility IS NULL
    OR entry.visibility IN $levels
    OR EXISTS { (entry)-[:MENTIONS]->(:User {id: $viewer}) }
  )
RETURN
  entry.id AS id,
  entry.post_id AS post_id,
  entry.author_id AS author_id,
  entry.rank_key AS rank_key
ORDER BY rank_key DESC, id DESC
LIMIT $limit
