// Lets all users who have asked follow the viewer. No row: nobody has.
MATCH (user:User)-[request:REQUESTS]->(me:User {id: $viewer})
DELETE request
MERGE (user)-[follow:FOLLOWS]->(me)
ON CREATE SET follow.rank_key = $rank_key
RETURN user.id AS id
