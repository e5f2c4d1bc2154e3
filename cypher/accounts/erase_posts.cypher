// Some posts of a user. No row: none is left.
MATCH (:User {id: $user})-[:POSTED]->(post:Post)
RETURN post.id AS id
LIMIT $limit
