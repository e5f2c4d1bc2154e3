// Who is suspended, as one list for each of those who ask. No row: nobody is.
UNWIND $askers AS asker
MATCH (suspension:Suspension)
RETURN asker AS asker, collect(suspension.id) AS ids
