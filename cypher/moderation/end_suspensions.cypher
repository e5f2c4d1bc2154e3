// Ends suspensions whose time is over, some at a time. No row: none is.
MATCH (suspension:Suspension)
WHERE suspension.until <= $now
WITH suspension, suspension.id AS id
LIMIT $limit
DETACH DELETE suspension
RETURN id AS id
