// Which of those ids are users'. An id without a row is none.
UNWIND $ids AS id
MATCH (user:User {id: id})
RETURN user.id AS id
