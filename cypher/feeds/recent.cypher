// The newest posts and reposts of each of those authors since some rank key, newest first. An author without a row has
// none.
// The redundant first sort key makes the planner read each author's in index order and stop.
UNWIND $authors AS author_id
CALL (author_id) {
  MATCH (entry:Entry)
  WHERE entry.author_id = author_id AND entry.rank_key >= $since
  RETURN entry
  ORDER BY entry.author_id DESC, entry.rank_key DESC, entry.id DESC
  LIMIT $limit
}
RETURN
  entry.id AS id,
  entry.post_id AS post_id,
  author_id AS author_id,
  entry.rank_key AS rank_key
ORDER BY rank_key DESC, id DESC
