// Why each of those posts stands in a viewer's home feed: who of the followed, or the viewer, posted or reposted it, up
// to a position. A post without a row has no reason to.
MATCH (me:User {id: $viewer})
UNWIND $posts AS post_id
MATCH (post:Post {id: post_id})
CALL (post) {
  MATCH (post)<-[:POSTED]-(actor:User)
  RETURN actor.id AS actor_id, post.id AS entry_id, post.rank_key AS rank_key
  UNION ALL
  MATCH (post)<-[:OF]-(repost:Repost)<-[:REPOSTED]-(actor:User)
  RETURN actor.id AS actor_id, repost.id AS entry_id, repost.rank_key AS rank_key
}
MATCH (actor:User {id: actor_id})
WHERE rank_key <= $start AND (actor_id = $viewer OR EXISTS { (me)-[:FOLLOWS]->(actor) })
RETURN
  post_id AS post_id,
  entry_id AS entry_id,
  rank_key AS rank_key,
  {id: actor.id, handle: actor.handle, name: actor.display_name, avatar_url: actor.avatar_url} AS actor
