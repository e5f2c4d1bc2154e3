// Whom a viewer follows and who follow a user, newest follow first. No row: the end of the list.
// Written from the viewer outwards: joined from both sides it reads every follower of a celebrity.
MATCH (user:User {id: $user})
MATCH (:User {id: $viewer})-[follow:FOLLOWS]->(person:User)
WHERE (follow.rank_key < $before_key OR (follow.rank_key = $before_key AND person.id < $before_id))
  AND NOT person.id IN $hidden
  AND EXISTS { (person)-[:FOLLOWS]->(user) }
WITH person, follow.rank_key AS key
ORDER BY key DESC, person.id DESC
LIMIT $limit
RETURN
  {id: person.id, handle: person.handle, name: person.display_name, avatar_url: person.avatar_url} AS user,
  key AS key
