// What somebody reported, newest first, after a position. No row: the end of the list.
MATCH (:User {id: $reporter})-[:FILED]->(report:Report)
WHERE report.rank_key < $before_key OR (report.rank_key = $before_key AND report.id < $before_id)
RETURN
  report.id AS id,
  {kind: report.target_kind, id: report.target_id} AS target,
  report.reason AS reason,
  report.note AS note,
  report.state AS state,
  report.created_at AS created_at,
  report.outcome AS outcome,
  report.resolved_at AS resolved_at,
  report.rank_key AS rank_key
ORDER BY rank_key DESC, id DESC
LIMIT $limit
