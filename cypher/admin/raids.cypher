// Raids on an author. The hours in which many new accounts answered an author's posts, worst first. No row: none did.
// $user: a user. The author.
// $account_days: a whole number from 1 to 366, or else 7. How old an account is at most that counts as new.
// $least: a whole number from 1 to 10000, or else 5. How many new accounts make a raid.
// $limit: a whole number from 1 to 1000, or else 50. How many hours.
MATCH (author:User {id: $user})-[:POSTED]->(post:Post)<-[:IN_THREAD]-(comment:Comment)<-[:WROTE]-(person:User)
WHERE person.id <> $user AND comment.created_at - person.created_at <= $account_days * 86400000000
WITH
  comment.created_at - comment.created_at % 3600000000 AS hour_at,
  count(DISTINCT person.id) AS new_accounts,
  count(DISTINCT post.id) AS posts,
  count(comment) AS comments,
  collect(DISTINCT person.handle) AS handles
WHERE new_accounts >= $least
RETURN
  hour_at AS hour_at,
  new_accounts AS new_accounts,
  posts AS posts,
  comments AS comments,
  handles[..20] AS handles
ORDER BY new_accounts DESC, hour_at DESC
LIMIT $limit
