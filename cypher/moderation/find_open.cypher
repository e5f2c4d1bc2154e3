// What somebody has reported of that before, if nobody has judged it yet. No row: nothing.
MATCH (:User {id: $reporter})-[:FILED]->(report:Report)
WHERE report.target_id = $target AND report.state = 'open'
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
LIMIT 1
