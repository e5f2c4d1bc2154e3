// Some comments of a user. No row: none is left.
MATCH (:User {id: $user})-[:WROTE]->(comment:Comment)
RETURN comment.id AS id
LIMIT $limit
