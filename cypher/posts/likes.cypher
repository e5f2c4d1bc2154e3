// Who likes a post, newest like first. No row: the end of the list.
MATCH (:Post {id: $post})<-[like:LIKED]-(person:User)
WHERE (like.rank_key < $before_key OR (like.rank_key = $before_key AND person.id < $before_id))
  AND NOT person.id IN $hidden
WITH person, like.rank_key AS key
ORDER BY key DESC, person.id DESC
LIMIT $limit
RETURN
  {id: person.id, handle: person.handle, name: person.display_name, avatar_url: person.avatar_url} AS user,
  key AS key
