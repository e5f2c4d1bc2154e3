// Writes down what somebody is about to do. Always one row.
// What may be null is set afterwards: in a pattern the embedded engine refuses a property that no stored node has.
CREATE (entry:AuditEntry {id: $id, at: $now, action: $action, detail: $detail})
SET entry.actor_id = $actor
RETURN entry.id AS id
