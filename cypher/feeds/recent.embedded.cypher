// The newest posts and reposts of each of those authors since some rank key, newest first. An author without a row has
// none.
// The embedded engine has no ordered index of two properties. It walks from author to entry, and what is older than
// $since costs it a comparison: an eighth of what a row does.
UNWIND $authors AS author_id
CALL (author_id) {
  MATCH (:User {id: author_id})-[:POSTED|REPOSTED]->(entry)
  WHERE entry.rank_key >= $since
  RETURN entry.id AS id, entry.post_id AS post_id, entry.rank_key AS rank_key
  ORDER BY rank_key DESC, id DESC
  LIMIT $limit
}
RETURN
  id AS id,
  post_id AS post_id,
  author_id AS author_id,
  rank_key AS rank_key
ORDER BY rank_key DESC, id DESC
