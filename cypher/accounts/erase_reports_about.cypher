// Deletes some reports about a user or what the user made. No row: none is left.
MATCH (report:Report {owner_id: $user})
WITH report, report.id AS id
LIMIT $limit
DETACH DELETE report
RETURN id AS id
