// Whom a user blocks, newest block first. No row: the end of the list.
MATCH (:User {id: $user})-[block:BLOCKS]->(person:User)
WHERE block.rank_key < $before_key OR (block.rank_key = $before_key AND person.id < $before_id)
WITH person, block.rank_key AS key
ORDER BY key DESC, person.id DESC
LIMIT $limit
RETURN
  {id: person.id, handle: person.handle, name: person.display_name, avatar_url: person.avatar_url} AS user,
  key AS key
