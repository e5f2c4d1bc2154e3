// What a viewer has to do with each of those users. An id without a row is no user.
MATCH (me:User {id: $viewer})
UNWIND $ids AS id
MATCH (user:User {id: id})
RETURN
  user.id AS id,
  EXISTS { (me)-[:FOLLOWS]->(user) } AS following,
  EXISTS { (user)-[:FOLLOWS]->(me) } AS followed_by,
  EXISTS { (me)-[:BLOCKS]->(user) } AS blocking,
  EXISTS { (me)-[:MUTES]->(user) } AS muting
