// Who reposted a post, newest repost first. No row: the end of the list.
MATCH (:Post {id: $post})<-[:OF]-(repost:Repost)<-[:REPOSTED]-(person:User)
WHERE (repost.rank_key < $before_key OR (repost.rank_key = $before_key AND person.id < $before_id))
  AND NOT person.id IN $hidden
WITH person, repost.rank_key AS key
ORDER BY key DESC, person.id DESC
LIMIT $limit
RETURN
  {id: person.id, handle: person.handle, name: person.display_name, avatar_url: person.avatar_url} AS user,
  key AS key
