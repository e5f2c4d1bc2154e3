// The quotes of a post, newest first. No row: the end of the list.
MATCH (:Post {id: $post})<-[quotes:QUOTES]-(post:Post)
WHERE quotes.rank_key < $before_key OR (quotes.rank_key = $before_key AND post.id < $before_id)
RETURN
  post.id AS id,
  quotes.rank_key AS key
ORDER BY key DESC, id DESC
LIMIT $limit
