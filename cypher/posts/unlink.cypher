// Takes a post's tags and mentions away, before an edit gives it others. No row: it had none.
MATCH (:Post {id: $id})-[link:TAGGED|MENTIONS]->()
DELETE link
RETURN count(*) AS links
