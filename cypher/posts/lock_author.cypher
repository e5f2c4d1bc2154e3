// Locks an author for the rest of the transaction, then counts the posts, quotes and reposts that they have made since a
// moment. No row: no such user.
MATCH (author:User {id: $author})
SET author.lock = $now
RETURN COUNT { MATCH (entry:Entry) WHERE entry.author_id = $author AND entry.rank_key >= $since } AS count
