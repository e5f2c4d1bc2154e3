// Locks all reports about the same for the rest of the transaction, so that it is judged once. No row: there is none.
MATCH (report:Report {target_id: $target})
SET report.lock = $now
RETURN report.id AS id
