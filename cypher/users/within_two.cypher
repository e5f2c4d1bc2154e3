// Which of those people follow somebody who follows the viewer. An id without a row is of nobody who does.
MATCH (me:User {id: $viewer})
UNWIND $people AS id
MATCH (person:User {id: id})
WHERE EXISTS { (person)-[:FOLLOWS]->()-[:FOLLOWS]->(me) }
RETURN person.id AS id
