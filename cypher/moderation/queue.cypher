// The reports in a state, oldest first, after a position, each with how many open ones are about the same. No row: the
// end of the list.
MATCH (report:Report {state: $state})
WHERE report.rank_key >= $after_key
  AND (report.rank_key > $after_key OR report.id > $after_id)
WITH report, report.target_id AS target_id
ORDER BY report.rank_key, report.id
LIMIT $limit
MATCH (report)<-[:FILED]-(reporter:User)
CALL (target_id) {
  MATCH (other:Report {target_id: target_id})
  WHERE other.state = 'open'
  RETURN count(other) AS open_reports
}
RETURN
  report.id AS id,
  {kind: report.target_kind, id: report.target_id} AS target,
  report.owner_id AS owner_id,
  reporter.id AS reporter_id,
  report.reason AS reason,
  report.note AS note,
  report.state AS state,
  report.created_at AS created_at,
  open_reports AS open_reports,
  report.outcome AS outcome,
  report.resolved_at AS resolved_at,
  report.moderator_id AS moderator_id,
  report.resolution_note AS resolution_note,
  report.rank_key AS rank_key
ORDER BY rank_key, id
