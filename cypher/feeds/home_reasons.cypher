// Why each of those posts stands in a viewer's home feed: who of the followed, or the viewer, posted or reposted it, up
// to a position. A post without a row has no reason to.
// Authors are sought by id: a walk along POSTED would read all that hangs on the post. $followed are some of whom the
// caller knows already that they are the viewer or followed, which spares most of the walks that the last line costs.
MATCH (me:User {id: $viewer})
UNWIND $posts AS post_id
MATCH (post:Post {id: post_id})
MATCH (post)<-[:OF*0..1]-(entry)
MATCH (actor:User {id: entry.author_id})
WHERE entry.rank_key <= $start
  AND (actor.id IN $followed OR EXISTS { (me)-[:FOLLOWS]->(actor) })
RETURN
  post_id AS post_id,
  entry.id AS entry_id,
  entry.rank_key AS rank_key,
  {id: actor.id, handle: actor.handle, name: actor.display_name, avatar_url: actor.avatar_url} AS actor
