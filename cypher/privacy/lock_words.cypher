// Locks a user for the rest of the transaction, and tells which words they mute. No row: no such user.
MATCH (me:User {id: $viewer})
SET me.lock = $now
RETURN coalesce(me.muted_words, []) AS words
