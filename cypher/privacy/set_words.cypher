// Sets which words a user mutes; null for none. No row: no such user.
MATCH (me:User {id: $viewer})
SET me.muted_words = $words
RETURN me.id AS id
