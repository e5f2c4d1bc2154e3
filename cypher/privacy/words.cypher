// Which words a user mutes. No row: no such user.
MATCH (me:User {id: $viewer})
RETURN coalesce(me.muted_words, []) AS words
