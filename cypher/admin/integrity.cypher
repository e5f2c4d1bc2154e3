// Integrity of the graph. What should not be there: how much of each kind, and one example. No row: all is well.
CALL () {
  MATCH (post:Post)
  WHERE NOT EXISTS { (post)<-[:POSTED]-() }
  RETURN 'post without an author' AS fault, post.id AS id
  UNION ALL
  MATCH (comment:Comment)
  WHERE comment.deleted = false AND NOT EXISTS { (comment)<-[:WROTE]-() }
  RETURN 'comment without an author' AS fault, comment.id AS id
  UNION ALL
  MATCH (comment:Comment)
  WHERE NOT EXISTS { (comment)-[:REPLY_TO]->() }
  RETURN 'comment without what it answers' AS fault, comment.id AS id
  UNION ALL
  MATCH (comment:Comment)
  WHERE comment.deleted = true AND NOT EXISTS { (comment)<-[:REPLY_TO]-() }
  RETURN 'deleted comment without answers' AS fault, comment.id AS id
  UNION ALL
  MATCH (repost:Repost)
  WHERE NOT EXISTS { (repost)-[:OF]->() }
  RETURN 'repost without a post' AS fault, repost.id AS id
  UNION ALL
  MATCH (repost:Repost)
  WHERE NOT EXISTS { (repost)<-[:REPOSTED]-() }
  RETURN 'repost without a person' AS fault, repost.id AS id
  UNION ALL
  MATCH (tag:Tag)
  WHERE NOT EXISTS { (tag)<-[:TAGGED]-() }
  RETURN 'tag without posts' AS fault, tag.id AS id
  UNION ALL
  MATCH (erasure:Erasure)
  RETURN 'erasure that has not ended' AS fault, erasure.id AS id
}
RETURN fault AS fault, count(*) AS found, min(id) AS example
ORDER BY found DESC, fault
LIMIT 20
