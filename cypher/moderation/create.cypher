// Keeps what somebody reports. No row: they do not exist any more.
// What may be null is set afterwards: in a pattern the embedded engine refuses a property that no stored node has.
MATCH (reporter:User {id: $reporter})
CREATE (reporter)-[:FILED]->(report:Report {
  id: $id,
  target_kind: $target_kind,
  target_id: $target,
  owner_id: $owner,
  reason: $reason,
  state: 'open',
  rank_key: $rank_key,
  created_at: $created_at
})
SET report.note = $note
RETURN report.id AS id
