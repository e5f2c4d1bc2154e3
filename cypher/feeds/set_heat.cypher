// Sets how hot posts are. Nobody has answered to those without a heat. No row: it is no post any more.
UNWIND $rows AS row
MATCH (post:Post {id: row.id})
SET post.heat = row.heat, post.answers = row.answers
RETURN post.id AS id
