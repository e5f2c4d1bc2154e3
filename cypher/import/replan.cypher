// Has the database look at its indexes anew and plan anew, after many rows at once: plans rest on how many it believes
// there are. Always one row.
CALL db.prepareForReplanning()
RETURN 1 AS done
