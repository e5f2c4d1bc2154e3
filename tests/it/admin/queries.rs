//! Questions in Cypher: what is answered, and what neither net lets through.

use std::time::Duration;

use futures_util::future::join_all;
use kith::{
    admin::{names, plan, text as query_text},
    error::Error,
    store::asked::{Asked, Ceilings},
};
use serde_json::{Map, Value, json};

use super::{admin, ask};
use crate::support::{Kith, On, text};

#[tokio::test]
async fn the_embedded_graph_runs_no_queries() {
    let kith = Kith::start(On::Embedded).await;
    let who = admin(&kith).await;
    ask(&kith, &who, "RETURN 1 AS one", Value::Null).await.expect_problem(501, "not_implemented");
}

#[tokio::test]
async fn four_queries_run_at_a_time() {
    let kith = Kith::start(On::Neo4j).await;
    let who = admin(&kith).await;
    let slow = "UNWIND range(1, 900000) AS n WITH n WHERE n % 7 = 8 RETURN count(n) AS n";
    let all = join_all((0..8).map(|_| ask(&kith, &who, slow, Value::Null))).await;
    let statuses: Vec<_> = all.iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().filter(|status| **status == 200).count() >= 4, "{statuses:?}");
    let refused = all.into_iter().find(|answer| answer.status != 200).expect("one that is refused");
    refused.expect_problem(503, "overloaded");
    ask(&kith, &who, slow, Value::Null).await.expect(200);
}

#[tokio::test]
async fn a_query_is_answered_with_its_columns_in_order() {
    let kith = Kith::start(On::Neo4j).await;
    let who = admin(&kith).await;
    let post = kith.post(&who, "Hello #kith").await;
    kith.put(&who, &format!("/v1/posts/{}/like", text(&post["id"]))).await;
    let me = json!({"me": who.id});
    for (query, columns, rows) in [
        ("RETURN 2 AS b, 'x' IS NULL AS a", json!(["b", "a"]), json!([[2, false]])),
        ("MATCH (u:User {id: $me}) RETURN u.id AS id", json!(["id"]), json!([[who.id]])),
        (
            "MATCH (u:User {id: $me})-[:POSTED]->(p) RETURN p.text AS t, p.tags AS tags",
            json!(["t", "tags"]),
            json!([["Hello #kith", ["kith"]]]),
        ),
        ("MATCH (u:User {id: $me}) RETURN COUNT { (u:User)-[:LIKED]->() } AS n", json!(["n"]), json!([[1]])),
        (
            "MATCH (u:User {id: $me}) WHERE EXISTS { (u:User)-[:POSTED]->(:Post) } RETURN u['id'] AS id",
            json!(["id"]),
            json!([[who.id]]),
        ),
        (
            "MATCH (u:User {id: $me}) CALL (u) { MATCH (u:User)-[:POSTED]->(p:Post) RETURN count(p) AS n } RETURN n",
            json!(["n"]),
            json!([[1]]),
        ),
        (
            "MATCH p = (u:User {id: $me})-[:POSTED|LIKED*1..2]->(:Post) RETURN count(p) AS n",
            json!(["n"]),
            json!([[2]]),
        ),
        (
            "MATCH (u:User {id: $me}) OPTIONAL MATCH (u:User)-[f:FOLLOWS]->(v:User) RETURN v.id AS v",
            json!(["v"]),
            json!([[null]]),
        ),
        (
            "MATCH (u:User {id: $me})-[:FOLLOWS]->{1,3}(v:User) RETURN count(v) AS n",
            json!(["n"]),
            json!([[0]]),
        ),
        (
            "UNWIND [3, 1, 2] AS n WITH n ORDER BY n DESC LIMIT 2 RETURN collect(n * 2 - 1) AS n",
            json!(["n"]),
            json!([[[5, 3]]]),
        ),
        (
            "MATCH (u:User {id: 'nobody'}) RETURN u.id AS id, u.handle AS handle",
            json!(["id", "handle"]),
            json!([]),
        ),
        (
            "MATCH (a:User {id: $me}), (b:User {id: $me}) MATCH p = shortestPath((a:User)-[:FOLLOWS*..3]-(b:User)) WHERE a.id <> b.id RETURN length(p) AS n",
            json!(["n"]),
            json!([]),
        ),
    ] {
        let answer = ask(&kith, &who, query, me.clone()).await.expect(200);
        assert_eq!(answer, json!({"columns": columns, "rows": rows, "truncated": false}), "{query}");
    }
    let answer = ask(&kith, &who, "MATCH (u:User {id: $me}) RETURN u", me.clone()).await.expect(200);
    assert_eq!(answer["rows"][0][0]["labels"], json!(["User"]), "{answer}");
    assert_eq!(answer["rows"][0][0]["properties"]["handle"], json!(who.handle), "{answer}");
    let query = "MATCH (entry:AuditEntry) WHERE entry.actor_id = $me RETURN count(*) AS n";
    let answer = ask(&kith, &who, query, me).await.expect(200);
    assert!(answer["rows"][0][0].as_i64() >= Some(12), "{answer}");
    let wrong = ask(&kith, &who, "RETURN $missing AS x", json!({})).await;
    let problem = wrong.expect_problem(422, "query_failed");
    assert!(text(&problem["detail"]).contains("missing"), "{problem}");
    // What fails only as it runs: both ends of the path are the same post.
    kith.post(&who, "Hello").await;
    let query = "MATCH p = shortestPath((a:Post)-[:QUOTES*..3]-(b:Post)) RETURN count(p) AS n";
    ask(&kith, &who, query, json!({})).await.expect_problem(422, "query_failed");
    ask(&kith, &who, "RETURN 1", json!([])).await.expect_problem(422, "validation_failed");
}

/// Queries that are refused for their text, and a word of the reason.
const REFUSED: &[(&str, &str)] = &[
    // Names of secrets, wherever they stand.
    ("MATCH (c:Credential) RETURN c", "Credential"),
    ("MATCH (u:User)-[:HAS_CREDENTIAL]->(c) RETURN c", "HAS_CREDENTIAL"),
    ("MATCH (u:User) RETURN u.password_hash", "password_hash"),
    ("MATCH (u:User) RETURN u['password_hash']", "password_hash"),
    ("MATCH (n:User|Session) RETURN n", "Session"),
    ("MATCH (:User)-[:FOLLOWS|ISSUED]->(n) RETURN n", "ISSUED"),
    // Other ways to write a name.
    ("MATCH (c:`Cred` ) RETURN c", "`"),
    ("MATCH (c:Cred\\u0065ntial) RETURN c", "\\"),
    ("MATCH (u:User) RETURN '\\u0027 + 1", "\\"),
    ("MATCH (c:$($label)) RETURN c", "$"),
    ("MATCH (c:$ ($label)) RETURN c", "$"),
    ("MATCH (c:$any($labels)) RETURN c", "label"),
    ("MATCH (c:$all ($labels)) RETURN c", "label"),
    ("MATCH (u:User) WHERE u:$any($labels) RETURN u", "computed"),
    ("MATCH (:User)-[:$($type)]->(c) RETURN c", "$"),
    // Nodes of any label.
    ("MATCH (n) RETURN n", "label"),
    ("MATCH (n:!User) RETURN n", "label"),
    ("MATCH (n:%) RETURN n", "label"),
    ("MATCH (n:User|!Post) RETURN n", "label"),
    ("MATCH (n IS User) RETURN n", "label"),
    ("MATCH (u:User), (n) RETURN n", "label"),
    ("MATCH (u:User) MATCH (n {id: u.id}) RETURN n", "label"),
    ("MATCH (n WHERE EXISTS { (:User)-[:FOLLOWS]->() }) RETURN n", "label"),
    ("MATCH (n {id: COUNT { (:User) }}) RETURN n", "label"),
    ("MATCH p = (n) RETURN p", "label"),
    ("MATCH ( WHERE EXISTS { (:User) }) RETURN 1 AS n", "label"),
    (
        "MATCH (u:User) RETURN COUNT { p = (WHERE (u)-[:FOLLOWS]->(:User)) WHERE size(nodes(p)) > 0 } AS n",
        "label",
    ),
    ("RETURN COUNT { (n) } AS n", "label"),
    ("RETURN EXISTS { MATCH (n) WHERE n.id > 'a' } AS n", "label"),
    ("RETURN CASE WHEN true THEN COUNT { MATCH (n) RETURN n } END AS n", "label"),
    ("MATCH (u:User) RETURN [x IN [1] | COUNT { (n {id: u.id}) }] AS n", "label"),
    // Relationships of any type.
    ("MATCH (u:User)--(n) RETURN n", "types"),
    ("MATCH (u:User)-->(n) RETURN n", "types"),
    ("MATCH (u:User)<--(n) RETURN n", "types"),
    ("MATCH (u:User)- -(n) RETURN n", "types"),
    ("MATCH (u:User)-[r]->(n) RETURN n", "types"),
    ("MATCH (u:User)-[*]->(n) RETURN n", "types"),
    ("MATCH (u:User)-[*1..2]->(n) RETURN n", "types"),
    ("MATCH (u:User)-[{id: 1}]->(n) RETURN n", "types"),
    ("MATCH (u:User)-[r:!FOLLOWS]->(n) RETURN n", "types"),
    ("MATCH (u:User)-[r:FOLLOWS|!LIKED]->(n) RETURN n", "types"),
    ("MATCH (u:User)-[r:%]->(n) RETURN n", "types"),
    ("MATCH (u:User)-[r IS FOLLOWS]->(n) RETURN n", "types"),
    ("MATCH (u:User)-[:NOTHING]->(n) RETURN n", "NOTHING"),
    ("MATCH (u:User)-(n) RETURN n", "types"),
    ("MATCH (u:User) RETURN size([(u)-->(n) | n]) AS n", "types"),
    ("MATCH (u:User) RETURN [(u)-[r]->(n) | properties(n)] AS n", "collect()"),
    ("MATCH (u:User) RETURN [(n)-[:FOLLOWS*0..1]->(m) | m] AS n", "collect()"),
    ("MATCH (u:User) RETURN [p = (n)-[:FOLLOWS]->(m) | m] AS n", "collect()"),
    ("MATCH (u:User) RETURN COLLECT { MATCH (n) RETURN n.id } AS n", "COLLECT"),
    ("MATCH (u:User)\u{2010}\u{2010}(n) RETURN n", "letter"),
    // Paths of no step, one of whose ends may be anything.
    ("MATCH (n)-[:FOLLOWS*0..1]->(m:User) RETURN n", "step"),
    ("MATCH (n)-[:FOLLOWS * 0]->(m:User) RETURN n", "step"),
    ("MATCH (n)-[:FOLLOWS*00..1]->(m:User) RETURN n", "step"),
    ("MATCH (n)-[:FOLLOWS]->{0,1}(m:User) RETURN n", "step"),
    ("MATCH (n)-[:FOLLOWS]->{,1}(m:User) RETURN n", "step"),
    ("MATCH (n)-[:FOLLOWS]->*(m:User) RETURN n", "label"),
    ("MATCH (n)-[:FOLLOWS]-{0,1}(m:User) RETURN n", "step"),
    ("MATCH (n) ((a:User)-[:FOLLOWS]->(b)){0,1} (m) RETURN n", "step"),
    ("MATCH (n) ((a:User)-[:FOLLOWS]->(b))* (m) RETURN n", "step"),
    // Whatever is no plain question.
    ("", "begin"),
    ("EXPLAIN MATCH (u:User) RETURN u", "begin"),
    ("PROFILE MATCH (u:User) RETURN u", "begin"),
    ("CYPHER runtime=slotted MATCH (u:User) RETURN u", "begin"),
    ("USE neo4j MATCH (u:User) RETURN u", "begin"),
    ("CALL { USE neo4j MATCH (u:User) RETURN u } RETURN u", "USE"),
    ("SHOW TRANSACTIONS", "begin"),
    ("SHOW SETTINGS", "begin"),
    ("TERMINATE TRANSACTIONS 'neo4j-transaction-1'", "begin"),
    ("CREATE (n:Tag) RETURN n", "begin"),
    ("LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line", "//"),
    ("WITH 1 AS one LOAD CSV FROM 'file:' AS line RETURN line", "LoadCSV"),
    ("RETURN 1 AS one; MATCH (n) RETURN n", ";"),
    ("RETURN 1 AS one // and more", "comments"),
    ("MATCH (n/**/) RETURN n", "comments"),
    ("CALL db.labels()", "ProcedureCall"),
    ("CALL dbms.listConfig() YIELD name RETURN name", "ProcedureCall"),
    ("RETURN EXISTS { CALL db.labels() YIELD label RETURN label } AS n", "ProcedureCall"),
    ("UNWIND [1] AS n CALL (n) { RETURN 1 AS m } IN TRANSACTIONS RETURN m", "TransactionApply"),
    ("UNWIND [1] AS n FOREACH (x IN [1] | CREATE (:Tag)) RETURN n", "Foreach"),
    // What writes, which the plan says as well.
    ("MATCH (u:User) SET u.role = 'admin' RETURN u", "SetProperty"),
    ("MATCH (u:User) REMOVE u.role RETURN u", "RemoveLabels"),
    ("MATCH (u:User) DETACH DELETE u", "DetachDelete"),
    ("MATCH (u:User) CALL (u) { CREATE (t:Tag) RETURN t } RETURN t", "Create"),
    ("MATCH (u:User) MERGE (t:Tag {id: u.id}) RETURN t", "Merge"),
    ("MATCH (u:User) INSERT (t:Tag) RETURN t", "Create"),
    // A word right behind a number.
    ("MATCH (u:User) WHERE u.revision = 1MATCH (n) RETURN n", "1MATCH"),
    ("RETURN 0x1fTHEN AS n", "0x1fTHEN"),
    // Functions that are not known, and one that makes values without bounds.
    (
        "RETURN apoc.cypher.runFirstColumnSingle('MATCH (n) RETURN n', {}) AS n",
        "apoc.cypher.runfirstcolumnsingle",
    ),
    ("RETURN file() AS n", "file()"),
    ("RETURN graph.names() AS n", "graph.names()"),
    ("RETURN reduce(s = 'a', x IN range(1, 60) | s + s) AS n", "reduce()"),
];

#[tokio::test]
async fn a_query_that_might_reach_a_secret_is_refused_for_its_text() {
    let kith = Kith::start(On::Neo4j).await;
    let who = admin(&kith).await;
    for (query, reason) in REFUSED {
        let why = query_text::check(query).expect_err(query);
        assert!(why.contains(reason), "{query}: {why}");
    }
    let long = format!("RETURN '{}' AS x", "x".repeat(query_text::MOST_BYTES));
    assert!(query_text::check(&long).is_err());
    // It is really asked.
    for (query, reason) in REFUSED.iter().filter(|(query, _)| !query.is_empty()).step_by(9) {
        let problem = ask(&kith, &who, query, json!({})).await.expect_problem(422, "query_not_allowed");
        assert!(text(&problem["detail"]).contains(reason), "{query}: {problem}");
    }
}

fn asked<'a>(text: &'a str, parameters: &'a Map<String, Value>) -> Asked<'a> {
    Asked { text, parameters, timeout: Duration::from_secs(30) }
}

/// The second net holds where the first does not look.
#[tokio::test]
async fn a_plan_with_an_operator_that_is_not_known_to_be_harmless_is_refused() {
    let kith = Kith::start(On::Neo4j).await;
    let nothing = Map::from_iter([("label".to_owned(), json!("Credential"))]);
    for (query, operator) in [
        ("MATCH (n) RETURN n", "AllNodesScan"),
        ("MATCH (n) WHERE id(n) = 1 RETURN n", "NodeByIdSeek"),
        ("MATCH (n) WHERE elementId(n) = '4:x:1' RETURN n", "NodeByElementIdSeek"),
        ("MATCH ()-[r]->(n) RETURN n", "AllRelationshipsScan"),
        ("MATCH (n:$($label)) RETURN n", ""),
        ("MATCH (n:Credential) RETURN n.id", "Credential"),
        ("MATCH (n:RefreshToken {id: 'x'}) RETURN n.id", "RefreshToken"),
        ("MATCH (u:User {id: 'x'})-->(n) RETURN n", "Expand(All)"),
        ("MATCH (u:User {id: 'x'})-[*1..2]->(n) RETURN n", "VarLengthExpand"),
        ("MATCH (u:User {id: 'x'})-[:FOLLOWS|HAS_SESSION]->(n) RETURN n", "HAS_SESSION"),
        ("MATCH (n)-[:FOLLOWS*0..1]->(m) RETURN m", "AllNodesScan"),
        ("MATCH (n:!User) RETURN n", ""),
        ("LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line", "LoadCSV"),
        ("CALL db.labels() YIELD label RETURN label", "ProcedureCall"),
        ("CREATE (n:Tag {id: 'x'}) RETURN n", "Create"),
        ("MERGE (n:Tag {id: 'x'}) RETURN n", "Merge"),
        ("MATCH (u:User) SET u.role = 'admin' RETURN u", "SetProperty"),
        ("MATCH (u:User) DETACH DELETE u", "Delete"),
        ("MATCH (u:User) REMOVE u.role RETURN u", "SetProperty"),
        ("UNWIND [1] AS x FOREACH (y IN [1] | CREATE (:Tag)) RETURN x", "Foreach"),
        ("CREATE INDEX x IF NOT EXISTS FOR (n:User) ON (n.role)", ""),
    ] {
        let planned = match kith.app.store.plan(asked(query, &nothing)).await {
            Ok(planned) => planned,
            // The database itself may not read what is newer than it.
            Err(Error::QueryFailed(why)) if operator.is_empty() => {
                eprintln!("{query}: {why}");
                continue;
            }
            Err(error) => panic!("{query}: {error}"),
        };
        let why = plan::check(&planned).expect_err(query);
        assert!(why.contains(operator), "{query}: {why}: {planned:#?}");
    }
    let who = admin(&kith).await;
    for query in ["MATCH (u:User) SET u.role = 'admin' RETURN u", "MATCH (u:User) DETACH DELETE u"] {
        ask(&kith, &who, query, json!({})).await.expect_problem(422, "query_not_allowed");
    }
    let many = "UNWIND range(1, 9) AS a ".to_owned()
        + &["b", "c", "d", "e", "f", "g", "h"].map(|name| format!("UNWIND range(1, 9) AS {name} ")).concat()
        + "RETURN a AS a";
    let problem = ask(&kith, &who, &many, json!({})).await.expect_problem(422, "query_not_allowed");
    assert!(text(&problem["detail"]).contains("rows"), "{problem}");
}

/// The last nets: the database writes nothing, ends what takes long, and no secret node leaves.
#[tokio::test]
async fn what_runs_writes_nothing_ends_in_time_and_is_held_to_its_size() {
    let kith = Kith::start(On::Neo4j).await;
    let who = kith.person("secrets").await;
    let store = &kith.app.store;
    let parameters = Map::from_iter([("me".to_owned(), json!(who.id))]);
    let ceilings = Ceilings { rows: 3, bytes: 100 };
    let run = async |text: &str| store.ask(asked(text, &parameters), ceilings, names::OPEN_LABELS).await;

    let written = run("CREATE (n:Tag {id: $me}) RETURN n.id AS id").await;
    assert!(matches!(&written, Err(Error::QueryFailed(why)) if why.contains("read")), "{written:?}");
    for query in [
        "MATCH (:User {id: $me})-->(n:Credential) RETURN n",
        "MATCH (:User {id: $me})-->(n:Credential) RETURN {deep: [n]} AS n",
        "MATCH p = (:User {id: $me})-->(n:Credential) RETURN p",
    ] {
        let secret = run(query).await;
        assert!(matches!(secret, Err(Error::QueryNotAllowed(_))), "{query}: {secret:?}");
    }
    let rows = run("UNWIND range(1, 100000) AS n RETURN n").await.expect("rows");
    assert_eq!((rows.rows.len(), rows.truncated), (3, true));
    let bytes =
        run("UNWIND [1, 2] AS n RETURN n, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' AS x")
            .await;
    let bytes = bytes.expect("rows");
    assert_eq!((bytes.rows.len(), bytes.truncated), (1, true));

    let long = "UNWIND range(1, 1000000000) AS n WITH n WHERE n % 7 = 8 RETURN count(n) AS n";
    let asked = Asked { text: long, parameters: &parameters, timeout: Duration::from_millis(300) };
    let started = std::time::Instant::now();
    let ended = store.ask(asked, ceilings, names::OPEN_LABELS).await;
    // The word of the database, and not that of a client which has stopped to wait.
    let of_database = |why: &str| why.to_lowercase().contains("transaction");
    assert!(matches!(&ended, Err(Error::QueryFailed(why)) if of_database(why)), "{ended:?}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
