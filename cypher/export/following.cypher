// Whom a user follows, newest follow first. No row: the end of the list.
MATCH (:User {id: $user})-[mark:FOLLOWS]->(person:User)
WITH {user_id: person.id, handle: person.handle} AS item, mark.rank_key AS key, person.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
