// Dormant accounts. Who has neither posted nor commented for so many days, longest first. No row: everybody has.
// $days: a whole number from 1 to 3660, or else 180. For how many days.
// $limit: a whole number from 1 to 1000, or else 100. How many accounts.
MATCH (user:User)
WHERE user.created_at < $now - $days * 86400000000
OPTIONAL MATCH (user)-[:POSTED|WROTE]->(made)
WITH user.id AS user_id, user.handle AS handle, user.created_at AS created_at, max(made.created_at) AS last_at
WHERE coalesce(last_at, 0) < $now - $days * 86400000000
RETURN user_id AS user_id, handle AS handle, created_at AS created_at, last_at AS last_at
ORDER BY coalesce(last_at, created_at), user_id
LIMIT $limit
