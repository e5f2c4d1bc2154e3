// The newest posts of a tag that are for everybody, up to a position. No row: the end of the list.
// The embedded engine has no index over two properties of a relationship.
MATCH (:Tag {id: $tag})<-[tagged:TAGGED]-(post:Post)
WHERE (tagged.rank_key < $before_key OR (tagged.rank_key = $before_key AND post.id < $before_id))
  AND post.visibility = 'public'
  AND NOT post.author_id IN $hidden
RETURN
  post.id AS id,
  post.id AS post_id,
  post.author_id AS author_id,
  tagged.rank_key AS rank_key
ORDER BY rank_key DESC, id DESC
LIMIT $limit
