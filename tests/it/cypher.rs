//! The guards of the binding between `cypher/` and the code. Each fails for one mistake.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use kith::{
    cypher::{Access, Statement},
    statements,
    store::{LABELS, PROPERTIES, RELATIONSHIP_TYPES},
};
use neo4rs::Graph;

use crate::support::{Kith, On};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cypher");
/// Applied as a whole at start, not bound.
const SCHEMA: [&str; 2] = ["schema.cypher", "schema.embedded.cypher"];

#[test]
fn every_file_is_bound_exactly_once() {
    let mut bound: BTreeMap<String, usize> = BTreeMap::new();
    for statement in statements() {
        for file in [Some(statement.file), statement.embedded_file].into_iter().flatten() {
            *bound.entry(file.to_owned()).or_default() += 1;
        }
    }
    assert_eq!(bound.iter().filter(|(_, times)| **times != 1).collect::<Vec<_>>(), []);
    let on_disk: BTreeSet<String> =
        files(Path::new(FOLDER)).into_iter().filter(|file| !SCHEMA.contains(&file.as_str())).collect();
    assert_eq!(on_disk, bound.into_keys().collect());
}

#[test]
fn the_embedded_engine_needs_few_forms_of_its_own() {
    let own = statements().iter().filter(|statement| statement.embedded_file.is_some()).count();
    assert!(own <= 10, "{own} statements have an embedded form: time for the way out in docs/adr");
}

#[test]
fn parameters_are_the_fields() {
    for statement in statements() {
        // A form of its own may need more or less than the other.
        let code = [statement.text, statement.embedded_text].map(code).concat();
        let used: BTreeSet<&str> = words(&code, '$').collect();
        let fields: BTreeSet<&str> = statement.parameters.iter().copied().collect();
        assert_eq!(used, fields, "{}", statement.file);
    }
}

#[test]
fn every_name_is_in_the_schema() {
    let known: BTreeSet<&str> = LABELS.iter().chain(RELATIONSHIP_TYPES).copied().collect();
    let properties: BTreeSet<&str> = PROPERTIES.iter().copied().collect();
    for statement in statements() {
        for text in [statement.text, statement.embedded_text] {
            let code = code(text);
            for name in
                words(&code, ':').filter(|name| name.starts_with(|letter: char| letter.is_ascii_uppercase()))
            {
                assert!(known.contains(name), "{}: {name} is no label or relationship type", statement.file);
            }
            for name in code.split('|').skip(1) {
                let name = name.split(|letter: char| !is_word(letter)).next().unwrap_or_default();
                let is_type =
                    name.len() > 1 && name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
                assert!(
                    !is_type || known.contains(name) || name == "MERGE" || name == "CREATE",
                    "{}: {name}",
                    statement.file
                );
            }
            for (at, _) in code.match_indices('.') {
                let name = code[at + 1..].split(|letter: char| !is_word(letter)).next().unwrap_or_default();
                let owner = code[..at].rsplit(|letter: char| !is_word(letter)).next().unwrap_or_default();
                // `1.0`, `..`, procedures of the database, and the fields of a parameter's maps.
                let is_property = !owner.is_empty()
                    && owner != "db"
                    && !name.is_empty()
                    && owner != "pair"
                    && owner != "row"
                    && owner.starts_with(|letter: char| letter.is_ascii_lowercase());
                assert!(!is_property || properties.contains(name), "{}: {owner}.{name}", statement.file);
            }
        }
    }
}

#[test]
fn the_first_line_of_a_file_says_what_it_does() {
    for statement in statements() {
        for text in [statement.text, statement.embedded_text] {
            assert!(text.starts_with("// "), "{}", statement.file);
            let comment: String = text.lines().take_while(|line| line.starts_with("//")).collect();
            assert!(comment.to_lowercase().contains("row"), "{}: what does no row mean?", statement.file);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_engine_plans_every_statement() {
    let kith = Kith::start(On::Embedded).await;
    let mut wrong = Vec::new();
    for statement in statements() {
        if let Err(error) = kith.app.store.explain(&statement).await {
            wrong.push(error.to_string());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A real planner reads every statement: it finds syntax errors, unknown functions and missing columns, and tells
/// reads from writes.
#[tokio::test]
async fn neo4j_plans_every_statement_with_its_columns() {
    let graph = Graph::new(crate::neo4j::uri(), "neo4j", "").expect("a pool");
    let mut wrong = Vec::new();
    for statement in statements() {
        if let Err(error) = explain(&graph, &statement).await {
            wrong.push(format!("{}: {error}", statement.file));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[expect(clippy::disallowed_methods, reason = "EXPLAIN is no statement of Kith's")]
async fn explain(graph: &Graph, statement: &Statement) -> Result<(), String> {
    let columns = (statement.columns)();
    let outer = if columns.is_empty() { "1 AS one".to_owned() } else { columns.join(", ") };
    let text = format!("EXPLAIN CALL () {{\n{}\n}}\nRETURN {outer}", statement.text);
    let mut query = neo4rs::query(&text);
    for parameter in statement.parameters {
        query = query.param(parameter, neo4rs::BoltType::Null(neo4rs::BoltNull));
    }
    let mut rows = graph.execute(query).await.map_err(|error| error.to_string())?;
    rows.next().await.map_err(|error| error.to_string())?;
    let clauses = ["CREATE", "MERGE", "SET", "DELETE", "REMOVE", "DETACH"];
    let writes = code(statement.text).split_whitespace().any(|word| clauses.contains(&word));
    match (writes, statement.access) {
        (true, Access::Write) | (false, Access::Read) => Ok(()),
        (true, Access::Read) => Err("is bound as a read and writes".to_owned()),
        (false, Access::Write) => Err("is bound as a write and only reads".to_owned()),
    }
}

/// The text without comments and without what stands in quotes.
fn code(text: &str) -> String {
    let bare: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |all, line| all + line + "\n");
    bare.split('\'').step_by(2).collect::<Vec<_>>().join("''")
}

/// The words that follow a mark directly.
fn words(code: &str, mark: char) -> impl Iterator<Item = &str> {
    code.split(mark).skip(1).filter_map(|rest| {
        let word = rest.split(|letter: char| !is_word(letter)).next().unwrap_or_default();
        (!word.is_empty()).then_some(word)
    })
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("cypher/").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "cypher") {
            found.push(path.strip_prefix(FOLDER).expect("below").to_string_lossy().into_owned());
        }
    }
    found
}
