// Takes the credential, the identity, the tokens and the sessions of a user and remembers that the rest has to follow. No row: no such user.
MATCH (user:User {id: $user})
MERGE (:Erasure {id: $user})
WITH user
OPTIONAL MATCH (user)-[:HAS_TOKEN]->(personal:PersonalToken)
DETACH DELETE personal
WITH DISTINCT user
OPTIONAL MATCH (user)-[:HAS_CREDENTIAL]->(credential:Credential)
OPTIONAL MATCH (user)<-[:IDENTIFIES]-(identity:Identity)
OPTIONAL MATCH (user)-[:HAS_SESSION]->(session:Session)
OPTIONAL MATCH (session)-[:ISSUED]->(token:RefreshToken)
DETACH DELETE credential, identity, session, token
RETURN DISTINCT user.id AS id
