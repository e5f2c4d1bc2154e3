// How near each of those people is to a viewer: who of the two follows the other. An id without a row is no user.
MATCH (me:User {id: $viewer})
UNWIND $people AS id
MATCH (person:User {id: id})
RETURN
  person.id AS id,
  EXISTS { (me)-[:FOLLOWS]->(person) } AS following,
  EXISTS { (person)-[:FOLLOWS]->(me) } AS followed_by
