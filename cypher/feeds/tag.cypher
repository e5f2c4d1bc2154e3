// The newest posts of a tag that are for everybody, up to a position. No row: the end of the list.
// The redundant first sort key lets the planner read the relationship index in order and stop.
MATCH (post:Post)-[tagged:TAGGED]->()
WHERE tagged.tag = $tag
  AND tagged.rank_key <= $before_key
  AND (tagged.rank_key < $before_key OR post.id < $before_id)
  AND post.visibility = 'public'
  AND NOT post.author_id IN $hidden
RETURN
  post.id AS id,
  post.id AS post_id,
  post.author_id AS author_id,
  tagged.rank_key AS rank_key
ORDER BY tagged.tag DESC, tagged.rank_key DESC, post.id DESC
LIMIT $limit
