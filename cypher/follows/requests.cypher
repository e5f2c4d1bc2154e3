// Who asks to follow a user, newest request first. No row: the end of the list.
MATCH (:User {id: $user})<-[request:REQUESTS]-(person:User)
WHERE request.rank_key < $before_key OR (request.rank_key = $before_key AND person.id < $before_id)
WITH person, request.rank_key AS key
ORDER BY key DESC, person.id DESC
LIMIT $limit
RETURN
  {id: person.id, handle: person.handle, name: person.display_name, avatar_url: person.avatar_url} AS user,
  key AS key
