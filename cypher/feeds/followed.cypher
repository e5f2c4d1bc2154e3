// Whom each of those viewers follows and does not mute. A viewer without a row follows nobody.
UNWIND $viewers AS viewer
MATCH (me:User {id: viewer})-[:FOLLOWS]->(author)
WHERE NOT EXISTS { (me)-[:MUTES]->(author) }
RETURN viewer AS viewer, author.id AS id
