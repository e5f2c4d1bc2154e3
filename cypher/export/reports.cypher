// What a user reported, newest first. No row: the end of the list.
MATCH (:User {id: $user})-[:FILED]->(report:Report)
WITH {id: report.id, target_kind: report.target_kind, target_id: report.target_id, reason: report.reason, note: report.note, state: report.state, outcome: report.outcome} AS item, report.rank_key AS key, report.id AS id
WHERE key < $before_key OR (key = $before_key AND id < $before_id)
RETURN item AS item, key AS key, id AS id
ORDER BY key DESC, id DESC
LIMIT $limit
