// What a viewer has to do with each of those users. An id without a row is no user.
MATCH (me:User {id: $viewer})
UNWIND $ids AS id
MATCH (user:User {id: id})
OPTIONAL MATCH (me)-[mute:MUTES]->(user)
RETURN
  user.id AS id,
  EXISTS { (me)-[:FOLLOWS]->(user) } AS following,
  EXISTS { (user)-[:FOLLOWS]->(me) } AS followed_by,
  EXISTS { (me)-[:REQUESTS]->(user) } AS requested,
  EXISTS { (user)-[:REQUESTS]->(me) } AS requested_by,
  EXISTS { (me)-[:BLOCKS]->(user) } AS blocking,
  mute IS NOT NULL AS muting,
  mute.until AS muted_until
