// Closes all open reports about the same. No row: there is none.
MATCH (report:Report {target_id: $target})
WHERE report.state = 'open'
SET
  report.state = 'resolved',
  report.outcome = $outcome,
  report.resolved_at = $now,
  report.moderator_id = $moderator,
  report.resolution_note = $note
RETURN report.id AS id
