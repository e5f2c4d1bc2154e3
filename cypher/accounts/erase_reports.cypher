// Deletes some of what a user reported. No row: none is left.
MATCH (:User {id: $user})-[:FILED]->(report:Report)
WITH report, report.id AS id
LIMIT $limit
DETACH DELETE report
RETURN id AS id
