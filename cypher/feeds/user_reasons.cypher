// Why each of those posts stands among a user's: the user wrote it, reposted it, or both. A post without a row does not.
MATCH (by:User {id: $user})
UNWIND $posts AS post_id
CALL (by, post_id) {
  MATCH (post:Post {id: post_id})
  WHERE post.author_id = $user AND post.rank_key <= $start
  RETURN post.id AS entry_id, post.rank_key AS rank_key
  UNION ALL
  MATCH (repost:Repost {pair: $user + post_id})
  WHERE repost.rank_key <= $start
  RETURN repost.id AS entry_id, repost.rank_key AS rank_key
}
RETURN
  post_id AS post_id,
  entry_id AS entry_id,
  rank_key AS rank_key,
  {id: by.id, handle: by.handle, name: by.display_name, avatar_url: by.avatar_url} AS by
