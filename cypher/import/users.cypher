// Creates those of the users in the rows that do not exist yet. One row a user, which tells whether it was there already.
UNWIND $rows AS row
OPTIONAL MATCH (known:User {id: row.id})
WITH row, known IS NOT NULL AS present
MERGE (user:User {id: row.id})
ON CREATE SET
  user.handle = row.handle,
  user.display_name = row.display_name,
  user.bio = row.bio,
  user.created_at = row.created_at,
  user.revision = 1,
  user.source_id = row.source_id
RETURN
  user.id AS id,
  present AS present
