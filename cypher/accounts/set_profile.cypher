// Sets the whole profile. No row: it is not at that revision any more.
MATCH (user:User {id: $id})
WHERE user.revision = $revision
SET
  user.display_name = $display_name,
  user.bio = $bio,
  user.avatar_url = $avatar_url,
  user.locked = CASE WHEN $locked THEN true END,
  user.revision = $revision + 1
RETURN user.id AS id
