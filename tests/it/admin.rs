//! What those who run Kith may ask: roles, reports, queries that reach no secret, and the log of all that.

mod queries;
mod questions;

use std::process::Command;

use kith::{
    admin::{self, names, reports},
    auth::Role,
    error::Error,
    statements,
    store::{LABELS, PROPERTIES, RELATIONSHIP_TYPES},
};
use serde_json::{Value, json};

use crate::support::{Answer, Kith, On, Person, each, on_both_stores, text};

/// Somebody with the role of an admin.
async fn admin(kith: &Kith) -> Person {
    let person = kith.newcomer("admin").await;
    Box::pin(admin::grant(&kith.app, &person.handle, Some(Role::Admin))).await.expect("a role");
    person
}

async fn ask(kith: &Kith, who: &Person, query: &str, parameters: Value) -> Answer {
    let body = json!({"query": query, "parameters": parameters});
    kith.send("POST", "/v1/admin/cypher", &who.token, body).await
}

async fn report(kith: &Kith, who: &Person, path: &str) -> Value {
    kith.get(&format!("/v1/admin/reports/{path}"), &who.token).await
}

/// The audit entries of somebody, newest first, as the API pages through them.
async fn entries_of(kith: &Kith, who: &Person) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    let mut before = (String::from("9"), String::new());
    loop {
        let page = kith.get(&format!("/v1/admin/audit?limit=100{cursor}"), &who.token).await;
        for entry in page["items"].as_array().expect("items") {
            let place = (text(&entry["at"]), text(&entry["id"]));
            assert!(place < before, "newest first: {place:?} after {before:?}");
            before = place;
            found.extend((entry["actor_id"] == json!(who.id)).then(|| entry.clone()));
        }
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

on_both_stores! {
    async fn only_the_role_of_an_admin_opens_and_it_can_be_taken_away(kith: &Kith) {
        let person = kith.newcomer("roles").await;
        let get = async |token: &str| kith.send("GET", "/v1/admin/reports", token, Value::Null).await;
        get("").await.expect_problem(401, "unauthenticated");
        get("x.y.z").await.expect_problem(401, "invalid_token");
        let problem = get(&person.token).await.expect_problem(403, "forbidden");
        assert_eq!(problem["detail"], "This operation needs the scope `admin`.");
        for (role, status) in [(Some(Role::Moderator), 403), (Some(Role::Admin), 200), (None, 403)] {
            // With or without what people write before and in a handle.
            let handle = format!(" @{}", person.handle.to_uppercase());
            Box::pin(admin::grant(&kith.app, &handle, role)).await.expect("a role");
            // What a session may do is remembered for five seconds.
            kith.app.sessions.forget_all();
            assert_eq!(get(&person.token).await.status, status, "{role:?}");
        }
        let refused = Box::pin(admin::grant(&kith.app, "nobody_at_all", Some(Role::Admin))).await;
        assert!(matches!(refused, Err(Error::UserNotFound)), "{refused:?}");
    }

    async fn a_role_is_nobodys_to_see_and_goes_with_the_account(kith: &Kith) {
        let person = admin(kith).await;
        for path in [format!("/v1/users/{}", person.id), "/v1/me".to_owned(), format!("/v1/users?ids={}", person.id)] {
            let answer = kith.get(&path, &person.token).await.to_string();
            assert!(!answer.contains("role") && !answer.contains("\"admin\""), "{answer}");
        }
        kith.send("DELETE", "/v1/me", &person.token, Value::Null).await.expect(204);
        let again = kith.newcomer("admin").await;
        assert_eq!(again.handle, person.handle);
        kith.send("GET", "/v1/admin/reports", &again.token, Value::Null).await.expect_problem(403, "forbidden");
    }

    async fn every_report_runs_in_both_forms(kith: &Kith) {
        let who = admin(kith).await;
        let post = kith.post(&who, "Hello #reports").await;
        let list = kith.get("/v1/admin/reports", &who.token).await;
        let list = list.as_array().expect("reports");
        assert!(list.len() >= 10, "{list:?}");
        for described in list {
            let name = text(&described["name"]);
            let told = described["parameters"].as_array().expect("parameters").iter().filter_map(|parameter| {
                let value = match parameter["type"].as_str().expect("a type") {
                    "user" => format!("@{}", who.handle),
                    "post" => text(&post["id"]),
                    _ => return None,
                };
                Some(format!("&{}={value}", text(&parameter["name"])))
            });
            let told: String = told.collect();
            let answer = report(kith, &who, &format!("{name}?format=json{told}")).await;
            let columns = answer["columns"].as_array().expect("columns");
            for row in answer["rows"].as_array().expect("rows") {
                assert_eq!(row.as_array().map(Vec::len), Some(columns.len()), "{name}: {row}");
            }
            let path = format!("/v1/admin/reports/{name}?format=csv{told}");
            let csv = kith.send("GET", &path, &who.token, Value::Null).await;
            assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8"), "{}", csv.text);
            assert_eq!(csv.header("cache-control"), "no-store");
            let names: Vec<_> = columns.iter().map(text).collect();
            assert_eq!(csv.text.lines().next(), Some(names.join(",").as_str()));
        }
    }

    async fn reports_tell_what_is_in_the_graph(kith: &Kith) {
        let who = admin(kith).await;
        let (ann, bob, cem) = (kith.newcomer("ann").await, kith.newcomer("bob").await, kith.newcomer("cem").await);
        for (one, other) in [(&ann, &bob), (&bob, &ann), (&ann, &cem), (&cem, &ann), (&bob, &cem), (&cem, &bob)] {
            kith.follow(one, other).await;
        }
        let post = kith.post(&ann, "Come here").await;
        for person in [&bob, &cem] {
            kith.comment(person, &post, None, "Boo").await;
            kith.put(person, &format!("/v1/posts/{}/repost", text(&post["id"]))).await;
        }
        let circle = report(kith, &who, &format!("circles?user={}", ann.id)).await;
        let mut rows: Vec<_> = [&bob, &cem].map(|person| json!([person.id, person.handle, 1])).to_vec();
        rows.sort_by_key(ToString::to_string);
        assert_eq!(circle["rows"], json!(rows));

        let raid = report(kith, &who, &format!("raids?user=@{}&least=2", ann.handle)).await;
        assert_eq!(raid["columns"], json!(["hour_at", "new_accounts", "posts", "comments", "handles"]));
        assert_eq!((&raid["rows"][0][1], &raid["rows"][0][2]), (&json!(2), &json!(1)), "{raid}");
        assert_eq!(report(kith, &who, &format!("raids?user={}&least=3", ann.id)).await["rows"], json!([]));

        let spread = report(kith, &who, &format!("spread?post={}", text(&post["id"]))).await;
        let row = |at: usize, column: usize| spread["rows"][at][column].clone();
        assert_eq!((row(0, 1), row(0, 3)), (json!(bob.id), json!(0)), "{spread}");
        assert_eq!((row(1, 1), row(1, 3), row(1, 4)), (json!(cem.id), json!(1), json!([bob.handle])), "{spread}");
        assert!(text(&row(0, 0)).ends_with('Z') && spread["columns"][0] == "reposted_at", "{spread}");

        let growth = report(kith, &who, "growth?days=1").await;
        let today = growth["rows"][0].clone();
        assert!(text(&today[0]).contains("T00:00:00") && today[1].as_i64() >= Some(4), "{growth}");
        let weeks = report(kith, &who, "retention?weeks=1").await;
        let rows = weeks["rows"].as_array().expect("rows");
        assert!(rows.iter().any(|row| row[1] == json!(0) && row[2].as_i64() >= Some(3)), "{weeks}");
    }

    async fn a_report_takes_what_it_says_and_nothing_else(kith: &Kith) {
        let who = admin(kith).await;
        let get = async |path: &str| {
            kith.send("GET", &format!("/v1/admin/reports/{path}"), &who.token, Value::Null).await
        };
        get("nothing").await.expect_problem(404, "report_not_found");
        get("circles?user=@nobody_at_all").await.expect_problem(404, "user_not_found");
        for (path, field) in [
            ("growth?dayz=1", "dayz"), ("growth?now=1", "now"), ("growth?days=0", "days"), ("growth?days=367", "days"),
            ("growth?days=x", "days"), ("growth?days=1&days=2", "days"), ("circles", "user"), ("spread", "post"),
            ("growth?format=xml", "format"),
        ] {
            let problem = get(path).await.expect_problem(400, "invalid_parameter");
            assert_eq!(problem["errors"][0]["field"], field, "{path}");
        }
    }

    async fn what_admins_do_is_written_down_before(kith: &Kith) {
        let who = admin(kith).await;
        // Neither a report that is not there nor a query that is refused goes by without an entry.
        let path = "/v1/admin/reports/nothing?a=b";
        kith.send("GET", path, &who.token, Value::Null).await.expect_problem(404, "report_not_found");
        let refused = ask(kith, &who, "MATCH (n) RETURN n", json!({"k": 1})).await;
        assert!(refused.status == 422 || refused.status == 501, "{}", refused.text);
        let found = entries_of(kith, &who).await;
        let actions = each(&found, "/action");
        let queries = actions.iter().position(|action| *action == "run_cypher").expect("an entry");
        assert_eq!(actions[queries..], ["run_cypher", "get_report"]);
        assert!(actions[..queries].iter().all(|action| *action == "list_audit_entries"), "{actions:?}");
        let detail: Value = serde_json::from_str(&text(&found[queries]["detail"])).expect("JSON");
        assert_eq!(detail, json!({"query": "MATCH (n) RETURN n", "parameters": {"k": 1}}));
        assert!(text(&found[queries + 1]["detail"]).contains("nothing"));
    }
}

#[test]
fn nothing_but_the_log_itself_writes_to_it() {
    let files: Vec<_> = statements()
        .iter()
        .filter(|statement| statement.text.contains("AuditEntry"))
        .map(|it| it.file)
        .collect();
    assert_eq!(files, ["admin/audit/append.cypher", "admin/audit/page.cypher"]);
    let document = crate::openapi::document();
    let methods = document["paths"]["/v1/admin/audit"].as_object().expect("an operation");
    assert_eq!(methods.keys().collect::<Vec<_>>(), ["get"]);
}

#[test]
fn every_name_is_open_or_secret() {
    let sorted = |lists: [&[&'static str]; 2]| {
        let mut names = lists.concat();
        names.sort_unstable();
        names
    };
    assert_eq!(sorted([names::OPEN_LABELS, names::SECRET_LABELS]), LABELS);
    assert_eq!(sorted([names::OPEN_TYPES, names::SECRET_TYPES]), RELATIONSHIP_TYPES);
    assert!(names::SECRET_PROPERTIES.iter().all(|name| PROPERTIES.contains(name)));
}

#[test]
fn the_first_lines_of_a_report_describe_it() {
    let all = reports::all();
    assert_eq!(all.len(), reports::STATEMENTS.len(), "one cannot be read");
    for (report, statement) in all.iter().zip(reports::STATEMENTS) {
        let told = report.parameters.iter().map(|parameter| parameter.name);
        let known: Vec<_> = statement.parameters.iter().copied().filter(|name| *name != "now").collect();
        assert_eq!(told.collect::<Vec<_>>(), known, "{}", report.name);
        assert!(statement.text.contains("\nLIMIT "), "{} has no bound", report.name);
        for parameter in &report.parameters {
            if let reports::Kind::Number { least, most, default } = parameter.kind {
                assert!((least..=most).contains(&default), "{}: {}", report.name, parameter.name);
            }
        }
    }
}

#[test]
fn the_command_line_grants_a_role() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_kith"))
            .args(arguments)
            .env("KITH_STORE__URI", format!("embedded:{}", folder.path().display()))
            .output()
            .expect("kith runs");
        let told = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&told).into_owned())
    };
    let (seeded, told) = run(&["seed", "--users", "2", "--posts-per-user", "0", "--follows-per-user", "0"]);
    assert!(seeded, "{told}");
    let (granted, told) = run(&["grant", "@demo", "admin"]);
    assert!(granted && told.contains("@demo has the role of an admin now."), "{told}");
    let (granted, told) = run(&["grant", "nobody_at_all", "admin"]);
    assert!(!granted && told.contains("there is no user @nobody_at_all"), "{told}");
    let (granted, told) = run(&["grant", "demo", "owner"]);
    assert!(!granted && told.contains("moderator"), "{told}");
    let (granted, told) = run(&["grant", "demo", "none"]);
    assert!(granted && told.contains("@demo has no role now."), "{told}");
}
