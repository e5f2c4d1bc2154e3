// Whom those whom a viewer follows follow, most of them first, measured against how many follow them anyway. No row: nobody.
// Both hops are bounded, so that the cost does not grow with the graph.
MATCH (me:User {id: $viewer})-[:FOLLOWS]->(friend:User)
WHERE NOT friend.id IN $hidden
WITH me, friend
LIMIT 50
CALL (friend) {
  MATCH (friend)-[:FOLLOWS]->(candidate:User)
  RETURN candidate.id AS candidate_id
  LIMIT 50
}
WITH me, candidate_id, count(*) AS friends, collect(friend.id)[..3] AS via
MATCH (candidate:User {id: candidate_id})
WHERE candidate_id <> $viewer
  AND NOT candidate_id IN $hidden
  AND NOT EXISTS { (me)-[:FOLLOWS]->(candidate) }
WITH candidate, friends, via, friends / sqrt(1.0 * COUNT { (candidate)<-[:FOLLOWS]-() }) AS score
RETURN
  candidate.id AS id,
  friends AS friends,
  via AS via,
  score AS score
ORDER BY score DESC, id
LIMIT $limit
