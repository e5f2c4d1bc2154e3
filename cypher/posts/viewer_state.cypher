// What a viewer has done with each of those posts. An id without a row is no post.
MATCH (me:User {id: $viewer})
UNWIND $ids AS id
MATCH (post:Post {id: id})
RETURN
  post.id AS id,
  EXISTS { (me)-[:LIKED]->(post) } AS liked,
  EXISTS { (:Repost {pair: $viewer + id}) } AS reposted,
  EXISTS { (me)-[:BOOKMARKED]->(post) } AS bookmarked
