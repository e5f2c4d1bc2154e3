//! The API description, judged by tools that others wrote, and the API, used by clients that were generated from it.
//! `tests/judges/README.md` says which tools and why.

mod breaking;
mod clients;
mod fuzzing;
pub mod tools;

use tools::{ask, description, node, python, source};

#[test]
fn redocly_finds_neither_an_error_nor_a_warning() {
    let mut lint = node("@redocly/cli/bin/cli.js");
    lint.args(["lint", "--format=json", "--max-problems=1000"])
        .arg(format!("--config={}", source("redocly.yaml").display()))
        .arg(description());
    let verdict = ask(&mut lint);
    assert!(verdict.status.success(), "{}", verdict.shown());
    let report: serde_json::Value = serde_json::from_str(&verdict.stdout)
        .unwrap_or_else(|error| panic!("{error} in its report\n{}", verdict.shown()));
    let totals = &report["totals"];
    assert_eq!((&totals["errors"], &totals["warnings"]), (&0.into(), &0.into()), "{}", verdict.shown());
}

#[test]
fn the_description_is_valid_openapi() {
    ask(python("openapi-spec-validator").arg(description())).approves();
}
