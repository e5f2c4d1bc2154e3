// Whom each of those viewers blocks, is blocked by, or mutes, and which words they mute. A viewer without a row hides from
// nobody.
UNWIND $viewers AS viewer
MATCH (me:User {id: viewer})
CALL (me) {
  MATCH (me)-[:BLOCKS]->(other:User)
  RETURN other.id AS id, 'blocks' AS tie
  UNION ALL
  MATCH (me)<-[:BLOCKS]-(other:User)
  RETURN other.id AS id, 'blocked_by' AS tie
  UNION ALL
  MATCH (me)-[:MUTES]->(other:User)
  RETURN other.id AS id, 'mutes' AS tie
  UNION ALL
  UNWIND coalesce(me.muted_words, []) AS word
  RETURN word AS id, 'word' AS tie
}
RETURN viewer AS viewer, id AS id, tie AS tie
