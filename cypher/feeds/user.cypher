// The newest posts and reposts of a user that a viewer may see, up to a position. No row: the end of the list.
// They are the reposts, which are of posts for everybody, what is for people as near as the viewer, and what mentions them.
// The redundant first sort key lets the planner read the index in order and stop.
MATCH (entry:Entry)
WHERE entry.author_id = $user
  AND entry.rank_key <= $before_key
  AND (entry.rank_key < $before_key OR entry.id < $before_id)
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
ORDER BY entry.author_id DESC, entry.rank_key DESC, entry.id DESC
LIMIT $limit
