// Circle of mutuals. Who and a user follow each other, and with how many of the others of them each does: triangles of
// people, most first. No row: nobody follows back.
// $user: a user. Whose circle.
// $limit: a whole number from 1 to 500, or else 100. How many people.
MATCH (me:User {id: $user})-[:FOLLOWS]->(friend:User)
WHERE EXISTS { (friend)-[:FOLLOWS]->(me) }
WITH me, friend
LIMIT 500
OPTIONAL MATCH (friend)-[:FOLLOWS]->(other:User)
WHERE EXISTS { (other)-[:FOLLOWS]->(friend) }
  AND EXISTS { (me)-[:FOLLOWS]->(other) }
  AND EXISTS { (other)-[:FOLLOWS]->(me) }
RETURN friend.id AS user_id, friend.handle AS handle, count(other) AS triangles
ORDER BY triangles DESC, user_id
LIMIT $limit
