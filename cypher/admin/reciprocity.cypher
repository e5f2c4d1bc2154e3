// Follow reciprocity. Who follows most people, and how many of these follow back. No row: nobody follows anybody.
// $limit: a whole number from 1 to 200, or else 50. How many people.
MATCH (user:User)
WITH user, COUNT { (user)-[:FOLLOWS]->() } AS following
WHERE following > 0
WITH user, following
ORDER BY following DESC, user.id
LIMIT $limit
OPTIONAL MATCH (user)-[:FOLLOWS]->(other:User)
WHERE EXISTS { (other)-[:FOLLOWS]->(user) }
WITH user, following, count(other) AS mutual
RETURN
  user.id AS user_id,
  user.handle AS handle,
  following AS following,
  COUNT { (user)<-[:FOLLOWS]-() } AS followers,
  mutual AS mutual
ORDER BY following DESC, user_id
LIMIT 200
