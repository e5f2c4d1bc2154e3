//! What breaks clients is announced: an item of `CHANGELOG.md` that begins with `BREAKING`.
//!
//! The description is compared with the one of the last release, for that is what clients were made from, and the
//! unreleased part of the changelog is what has to tell them. So neither the number of commits since, nor whether the
//! change is committed, makes a difference. Before the first release the first description that was committed counts.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use super::tools::{ask, description, folder, root};

const FILE: &str = "openapi/openapi.json";

#[test]
fn what_breaks_clients_is_announced() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).expect("CHANGELOG.md");
    let (base, changelog) = match last_promise(&changelog) {
        Ok(found) => found,
        Err(why) => {
            // Past the capture of the test's output: nobody shall take this for a judgement.
            let _ = writeln!(std::io::stderr(), "NOT JUDGED whether the API breaks its clients: {why}");
            return;
        }
    };
    let folder = TempDir::new().expect("a temporary folder");
    let before = folder.path().join("before.json");
    fs::write(&before, base).expect("a file");
    let found = unannounced(&before, &description(), changelog);
    assert!(
        found.is_empty(),
        "These changes break clients and no item under [Unreleased] in CHANGELOG.md says so. Undo them, or announce \
         them: an item that begins with BREAKING and names the operation or the schema in backticks.\n{}",
        found.join("\n")
    );
}

/// The description of the last release, or why it is not known; and the part of the changelog since then.
fn last_promise(changelog: &str) -> Result<(String, &str), String> {
    if git(&["rev-parse", "--is-shallow-repository"])?.trim() != "false" {
        return Err("this clone is shallow".to_owned());
    }
    let releases = changelog.match_indices("\n## [").filter(|(at, _)| !unreleased(&changelog[*at..]));
    for (at, _) in releases {
        let heading = changelog[at..].trim_start().split(']').next().unwrap_or_default();
        let commits = git(&["log", "--format=%H", "-S", heading, "--", "CHANGELOG.md"])?;
        // A release that is not committed yet is as unreleased as what stands above it.
        if let Some(commit) = commits.lines().next_back() {
            return Ok((git(&["show", &format!("{commit}:{FILE}")])?, &changelog[..at]));
        }
    }
    let commits = git(&["log", "--format=%H", "--diff-filter=A", "--", FILE])?;
    let commit = commits.lines().next_back().ok_or("no description was committed yet")?;
    Ok((git(&["show", &format!("{commit}:{FILE}")])?, changelog))
}

fn unreleased(heading: &str) -> bool {
    heading.trim_start().starts_with("## [Unreleased]")
}

fn git(arguments: &[&str]) -> Result<String, String> {
    let git = Command::new("git")
        // A checkout that belongs to somebody else, as CI may have it, is only read here.
        .args(["-c", "safe.directory=*"])
        .args(arguments)
        .current_dir(root())
        .output()
        .map_err(|error| format!("git does not start: {error}"))?;
    if git.status.success() {
        String::from_utf8(git.stdout).map_err(|error| error.to_string())
    } else {
        Err(String::from_utf8_lossy(&git.stderr).trim().to_owned())
    }
}

/// The changes that break clients and that no `BREAKING` item of this part of the changelog tells of.
fn unannounced(before: &Path, after: &Path, changelog: &str) -> Vec<String> {
    let announced: Vec<&str> = items(changelog).filter(|item| item.starts_with("BREAKING")).collect();
    let documents = [parse(before), parse(after)];
    let differing = changed_schemas(&documents[0], &documents[1]);
    let mut oasdiff = Command::new(oasdiff());
    let report = ask(oasdiff.args(["breaking", "--format=json"]).arg(before).arg(after)).approves();
    let changes: Vec<Value> =
        serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error}: {report}"));
    changes
        .iter()
        .filter(|change| {
            let names = names(change, &documents, &differing);
            !announced.iter().any(|item| names.iter().any(|name| item.contains(&format!("`{name}`"))))
        })
        .map(|change| {
            let field = |name: &str| change[name].as_str().unwrap_or_default();
            format!("{} `{}`: {}", field("operation"), field("operationId"), field("text"))
        })
        .collect()
}

fn oasdiff() -> PathBuf {
    folder().join("bin/oasdiff")
}

fn parse(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).expect("a description")).expect("JSON")
}

/// The items of a list, without their dashes.
fn items(changelog: &str) -> impl Iterator<Item = &str> {
    changelog.split("\n- ").skip(1).map(|item| item.split("\n\n").next().unwrap_or(item))
}

/// What an announcement may call a change: its operation, or a schema that changed and that the operation uses.
fn names(change: &Value, documents: &[Value; 2], differing: &BTreeSet<String>) -> BTreeSet<String> {
    let field = |name: &str| change[name].as_str().unwrap_or_default().to_owned();
    let mut names =
        BTreeSet::from([field("operationId"), format!("{} {}", field("operation"), field("path"))]);
    // A schema tells nothing of parameters, nor of an operation that is gone.
    let kind = field("id");
    let is_in_body = (kind.starts_with("request-") && !kind.starts_with("request-parameter"))
        || kind.starts_with("response-");
    if is_in_body {
        for document in documents {
            let operation = &document["paths"][field("path")][field("operation").to_lowercase()];
            names.extend(used_schemas(document, operation).intersection(differing).cloned());
        }
    }
    names
}

/// The schemas that differ, by themselves and not by what they refer to.
fn changed_schemas(before: &Value, after: &Value) -> BTreeSet<String> {
    let all = |document: &Value| document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let (before, after) = (all(before), all(after));
    before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

/// The schemas that a part of a document refers to, and those that they refer to.
fn used_schemas(document: &Value, part: &Value) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![part]);
    while let Some(value) = open.pop() {
        if let Some(name) = value["$ref"].as_str().and_then(|path| path.strip_prefix("#/components/schemas/"))
            && found.insert(name.to_owned())
        {
            open.push(&document["components"]["schemas"][name]);
        }
        match value {
            Value::Object(object) => open.extend(object.values()),
            Value::Array(values) => open.extend(values),
            _ => {}
        }
    }
    found
}

#[test]
fn only_an_announcement_lets_a_breaking_change_pass() {
    let folder = TempDir::new().expect("a temporary folder");
    let after = folder.path().join("after.json");
    let mut document = parse(&description());
    let post = &mut document["components"]["schemas"]["Post"];
    assert!(post["properties"].as_object_mut().expect("properties").remove("counts").is_some());
    post["required"].as_array_mut().expect("required").retain(|name| name != "counts");
    let me = document["paths"]["/v1/me"].as_object_mut().expect("methods");
    assert!(me.remove("delete").is_some());
    document["paths"]["/v1/feeds/home"]["get"]["parameters"][0]["schema"]["maximum"] = 50.into();
    fs::write(&after, document.to_string()).expect("a file");

    let left = |changelog: &str| unannounced(&description(), &after, changelog);
    let (post, me, limit) = (
        "\n- BREAKING: `Post` has no counts any more,\n  nor has its mother",
        "\n- BREAKING: `delete_me` is gone",
        "\n- BREAKING: `GET /v1/feeds/home` gives at most 50 items",
    );
    assert!(left("\n- `Post` is BREAKING; BREAKING `delete_me`").len() > 8);
    let feeds = left(&format!("{me}{post}"));
    assert!(feeds.len() == 1 && feeds[0].starts_with("GET `get_home_feed`"), "{feeds:?}");
    assert_eq!(left(&format!("{post}{limit}")).len(), 1);
    assert_eq!(left(&format!("{me}{post}{limit}")), <[String; 0]>::default());
    // A schema that did not change announces nothing.
    assert!(left(&format!("{me}{limit}\n- BREAKING: `User` is better now")).len() > 4);
}
