// The users whose erasure began and has not ended. No row: none.
MATCH (erasure:Erasure)
RETURN erasure.id AS id
