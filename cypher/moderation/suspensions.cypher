// Who is suspended, newest suspension first, after a position. No row: the end of the list.
MATCH (suspension:Suspension)<-[:SUSPENDED]-(person:User)
WHERE suspension.at < $before_key OR (suspension.at = $before_key AND person.id < $before_id)
RETURN
  {id: person.id, handle: person.handle, name: person.display_name, avatar_url: person.avatar_url} AS user,
  suspension.at AS at,
  suspension.until AS until
ORDER BY at DESC, person.id DESC
LIMIT $limit
