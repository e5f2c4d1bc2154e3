// Links a post to the people it mentions, without those who block its author or are blocked. One row a handle that
// somebody has.
MATCH (post:Post {id: $id})
UNWIND $handles AS handle
MATCH (person:User {handle: handle})
WHERE NOT person.id IN $hidden
CREATE (post)-[:MENTIONS]->(person)
RETURN person.id AS id
