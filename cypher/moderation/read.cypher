// A report as moderators see it, with how many open ones are about the same. No row: there is none of that id.
MATCH (report:Report {id: $id})<-[:FILED]-(reporter:User)
WITH report, reporter, report.target_id AS target_id
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
