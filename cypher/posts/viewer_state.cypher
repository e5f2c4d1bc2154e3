// What a viewer has done with each of those posts. A post without a row does not exist.
// Each comes with the id that the viewer's repost of it would have.
MATCH (me:User {id: $viewer})
UNWIND $posts AS pair
MATCH (post:Post {id: pair.id})
OPTIONAL MATCH (repost:Repost {id: pair.repost_id})
RETURN
  post.id AS id,
  EXISTS { (me)-[:LIKED]->(post) } AS liked,
  repost IS NOT NULL AS reposted,
  EXISTS { (me)-[:BOOKMARKED]->(post) } AS bookmarked
