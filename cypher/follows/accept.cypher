// Lets a user who has asked follow the viewer. No row: that user has not.
MATCH (user:User {id: $user})-[request:REQUESTS]->(me:User {id: $viewer})
DELETE request
MERGE (user)-[follow:FOLLOWS]->(me)
ON CREATE SET follow.rank_key = $rank_key
RETURN user.id AS id
