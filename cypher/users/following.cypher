// Whom a user follows, newest follow first. No row: the end of the list.
MATCH (:User {id: $user})-[follow:FOLLOWS]->(person:User)
WHERE (follow.rank_key < $before_key OR (follow.rank_key = $before_key AND person.id < $before_id))
  AND NOT person.id IN $hidden
WITH person, follow.rank_key AS key
ORDER BY key DESC, person.id DESC
LIMIT $limit
RETURN
  {id: person.id, handle: person.handle, name: person.display_name, avatar_url: person.avatar_url} AS user,
  key AS key
