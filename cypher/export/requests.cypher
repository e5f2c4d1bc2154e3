// Who asks to follow a user, newest request first. No row: the end of the list.
MATCH (:User {id: $user})<-[mark:REQUESTS]-(person:User)
WITH {user_id: person.id, handle: person.handle} AS item, mark.rank_key AS key, person.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
