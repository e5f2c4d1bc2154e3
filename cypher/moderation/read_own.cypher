// What somebody reported under that id. No row: nothing.
MATCH (report:Report {id: $id})<-[:FILED]-(:User {id: $reporter})
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
