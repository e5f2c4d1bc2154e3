// Most reported. What most people reported in the last days, and what became of it. No row: nobody reported anything.
// $days: a whole number from 1 to 3660, or else 30. How many days back.
// $limit: a whole number from 1 to 1000, or else 50. How many posts, comments and people.
MATCH (report:Report)
WHERE report.created_at >= $now - $days * 86400000000
WITH
  report.target_kind AS target,
  report.target_id AS target_id,
  report.owner_id AS owner_id,
  count(*) AS reports,
  sum(CASE WHEN report.state = 'open' THEN 1 ELSE 0 END) AS open_reports,
  collect(DISTINCT report.reason) AS reasons,
  max(report.created_at) AS last_at
RETURN
  target AS target,
  target_id AS target_id,
  owner_id AS owner_id,
  reports AS reports,
  open_reports AS open_reports,
  reasons AS reasons,
  last_at AS last_at
ORDER BY reports DESC, target_id
LIMIT $limit
