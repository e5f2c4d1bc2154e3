// Who reposted each of those posts. A post without a row was not reposted.
UNWIND $posts AS post_id
MATCH (:Post {id: post_id})<-[:OF]-(repost)
MATCH (actor:User {id: repost.author_id})
RETURN
  post_id AS post_id,
  repost.id AS entry_id,
  repost.rank_key AS rank_key,
  {id: actor.id, handle: actor.handle, name: actor.display_name, avatar_url: actor.avatar_url} AS actor
