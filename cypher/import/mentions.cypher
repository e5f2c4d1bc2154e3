// Links posts to the people they mention. A pair without a row names a handle that nobody has.
UNWIND $rows AS row
MATCH (post:Post {id: row.post})
MATCH (person:User {handle: row.handle})
MERGE (post)-[:MENTIONS]->(person)
RETURN person.id AS id
