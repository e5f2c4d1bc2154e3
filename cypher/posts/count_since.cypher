// How many posts, quotes and reposts an author has made since a moment. Always one row.
MATCH (author:User {id: $author})
RETURN COUNT { (author)-[:POSTED|REPOSTED]->(entry) WHERE entry.rank_key >= $since } AS count
