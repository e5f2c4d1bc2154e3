// Up to three shortest chains of follows from a viewer to a user, of at most six steps, through nobody who is hidden. No
// row: there is none.
MATCH path = allShortestPaths((:User {id: $viewer})-[:FOLLOWS*..6]->(:User {id: $user}))
WHERE none(person IN nodes(path) WHERE person.id IN $hidden)
RETURN [person IN nodes(path) | person.id] AS ids
LIMIT 3
