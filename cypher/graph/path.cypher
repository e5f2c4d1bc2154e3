// Up to three shortest chains of follows from a viewer to a user, of at most six steps. No row: there is none.
MATCH path = allShortestPaths((:User {id: $viewer})-[:FOLLOWS*..6]->(:User {id: $user}))
RETURN [person IN nodes(path) | person.id] AS ids
LIMIT 3
