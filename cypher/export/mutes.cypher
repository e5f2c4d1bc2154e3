// Whom a user mutes, newest mute first. No row: the end of the list.
MATCH (:User {id: $user})-[mark:MUTES]->(person:User)
WITH {user_id: person.id, handle: person.handle, until: mark.until} AS item, mark.rank_key AS key, person.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
