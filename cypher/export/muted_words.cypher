// Which words a user mutes. No row: the end of the list.
MATCH (user:User {id: $user})
UNWIND coalesce(user.muted_words, []) AS word
WITH {word: word} AS item, 0 AS key, word AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
