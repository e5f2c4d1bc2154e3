// Locks an author for the rest of the transaction, then counts the posts, quotes and reposts that they have made since a
// moment. No row: no such user.
// The embedded engine has no index of two properties, and walks from author to entry in microseconds.
MATCH (author:User {id: $author})
SET author.lock = $now
RETURN COUNT { (author)-[:POSTED|REPOSTED]->(entry) WHERE entry.rank_key >= $since } AS count
