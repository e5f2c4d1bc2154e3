// The users of those ids, with their numbers. An id without a row is no user.
// The far ends of the counts have no label, so that each is a degree that is read and not counted.
UNWIND $ids AS id
MATCH (user:User {id: id})
RETURN
  user.id AS id,
  user.handle AS handle,
  user.display_name AS name,
  user.avatar_url AS avatar_url,
  user.bio AS bio,
  user.created_at AS created_at,
  user.locked IS NOT NULL AS locked,
  {
    posts: COUNT { (user)-[:POSTED]->() },
    followers: COUNT { (user)<-[:FOLLOWS]-() },
    following: COUNT { (user)-[:FOLLOWS]->() }
  } AS counts,
  user.revision AS revision
