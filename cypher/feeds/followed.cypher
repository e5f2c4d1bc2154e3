// Whom each of those viewers follows. A viewer without a row follows nobody.
UNWIND $viewers AS viewer
MATCH (:User {id: viewer})-[:FOLLOWS]->(author)
RETURN viewer AS viewer, author.id AS id
