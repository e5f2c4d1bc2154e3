// Ends mutes whose time is over, some at a time. No row: none is.
MATCH (me:User)-[mute:MUTES]->(user:User)
WHERE mute.until <= $now
WITH me, user, mute
LIMIT $limit
DELETE mute
RETURN me.id AS id
