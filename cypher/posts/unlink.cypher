// Takes a post's tags and mentions away, before an edit gives it others. One row a link, with its tag. No row: it had none.
MATCH (:Post {id: $id})-[link:TAGGED|MENTIONS]->()
WITH link, link.tag AS tag
DELETE link
RETURN tag AS tag
