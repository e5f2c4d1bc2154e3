// Why each of those posts stands in a viewer's home feed: who of the followed, or the viewer, posted or reposted it, up
// to a position. A post without a row has no reason to.
MATCH (me:User {id: $viewer})
UNWIND $posts AS post_id
MATCH (post:Post {id: post_id})
CALL (post) {
  MATCH (post)<-[:POSTED]-(by:User)
  RETURN by.id AS by_id, post.id AS entry_id, post.rank_key AS rank_key
  UNION ALL
  MATCH (post)<-[:OF]-(repost:Repost)<-[:REPOSTED]-(by:User)
  RETURN by.id AS by_id, repost.id AS entry_id, repost.rank_key AS rank_key
}
MATCH (by:User {id: by_id})
WHERE rank_key <= $start AND (by_id = $viewer OR EXISTS { (me)-[:FOLLOWS]->(by) })
RETURN
  post_id AS post_id,
  entry_id AS entry_id,
  rank_key AS rank_key,
  {id: by.id, handle: by.handle, name: by.display_name, avatar_url: by.avatar_url} AS by
