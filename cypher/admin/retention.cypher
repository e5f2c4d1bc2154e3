// Retention by week. How many of those who came in a week posted or commented so many weeks after they came. Those
// without a number of weeks did neither. No row: nobody came.
// $weeks: a whole number from 1 to 52, or else 8. How many weeks back.
MATCH (user:User)
WHERE user.created_at >= $now - $weeks * 604800000000
OPTIONAL MATCH (user)-[:POSTED|WROTE]->(made)
WITH
  user.id AS id,
  user.created_at - user.created_at % 604800000000 AS week,
  made.created_at - user.created_at AS age
WITH DISTINCT id, week, toInteger((age - age % 604800000000) / 604800000000) AS weeks_later
RETURN week AS week, weeks_later AS weeks_later, count(*) AS people
ORDER BY week DESC, weeks_later
LIMIT 1000
