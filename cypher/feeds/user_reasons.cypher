// Why each of those posts stands among a user's: the user wrote it, reposted it, or both. A post without a row does not.
// Each comes with the id that the user's repost of it would have.
MATCH (actor:User {id: $user})
UNWIND $posts AS pair
CALL (pair) {
  MATCH (post:Post {id: pair.id})
  WHERE post.author_id = $user AND post.rank_key <= $start
  RETURN post.id AS entry_id, post.rank_key AS rank_key
  UNION ALL
  MATCH (repost:Repost {id: pair.repost_id})
  WHERE repost.rank_key <= $start
  RETURN repost.id AS entry_id, repost.rank_key AS rank_key
}
RETURN
  pair.id AS post_id,
  entry_id AS entry_id,
  rank_key AS rank_key,
  {id: actor.id, handle: actor.handle, name: actor.display_name, avatar_url: actor.avatar_url} AS actor
