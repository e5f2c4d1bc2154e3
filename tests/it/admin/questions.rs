//! Questions made at random, of which it is known from how they were made what they may reach, asked of a real Neo4j.
//! The fuzz target `cypher_guard` tries far more of them, but runs none.

#[path = "../../../fuzz/choices.rs"]
#[allow(dead_code, reason = "the fuzz targets use more of it")]
mod choices;
#[path = "../../../fuzz/questions.rs"]
#[allow(clippy::module_inception, reason = "that is what they are")]
mod questions;

use std::time::Duration;

use kith::{
    admin::{
        names::{OPEN_LABELS, is_secret},
        plan, text as question_text,
    },
    error::Error,
    store::{
        LABELS,
        asked::{Asked, Ceilings},
    },
};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use serde_json::{Map, Value, json};

use crate::support::{Kith, On, text};
use choices::Choices;
use questions::{Question, Verdict};

/// The same in each run, unless `KITH_TEST_SEED` says otherwise.
const SEED: u64 = 25;
const QUESTIONS: usize = 3_000;
/// How many of those that are let through are run.
const RUN: usize = 160;
/// More bytes than a question takes.
const BYTES: usize = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_let_through_shows_nothing_secret() {
    let kith = Kith::start(On::Neo4j).await;
    let (ann, bob) = (kith.newcomer("ann").await, kith.newcomer("bob").await);
    kith.follow(&ann, &bob).await;
    kith.follow(&bob, &ann).await;
    for number in 0..5 {
        let post = kith.post(&ann, "Hello #kith").await;
        let comment = kith.comment(&bob, &post, None, "Hello").await;
        kith.comment(&ann, &post, Some(&comment), &format!("Hello for the {number}th time")).await;
        let post = text(&post["id"]);
        kith.put(&bob, &format!("/v1/posts/{post}/like")).await;
        kith.put(&bob, &format!("/v1/posts/{post}/repost")).await;
        let report = json!({"target": "post", "id": post, "reason": "spam"});
        kith.send("POST", "/v1/reports", &bob.token, report).await.expect(201);
    }
    let parameters = Map::from_iter([("me".to_owned(), json!(ann.id)), ("x".to_owned(), json!(1))]);
    let seed = std::env::var("KITH_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let mut dice = SmallRng::seed_from_u64(seed);
    let (mut bad, mut through, mut answered, mut nodes) = (0, 0, 0, 0);
    for _ in 0..QUESTIONS {
        let mut bytes = [0; BYTES];
        dice.fill_bytes(&mut bytes);
        let Question { text, verdict } = Question::of(&mut Choices::of(&bytes));
        bad += usize::from(verdict == Verdict::Bad);
        match question_text::check(&text) {
            Ok(()) => assert_ne!(verdict, Verdict::Bad, "let through: {text}"),
            Err(why) => {
                assert_ne!(verdict, Verdict::Plain, "refused, for {why}: {text}");
                continue;
            }
        }
        through += 1;
        if through > RUN {
            continue;
        }
        let asked = Asked { text: &text, parameters: &parameters, timeout: Duration::from_secs(30) };
        let planned = match kith.app.store.plan(asked).await {
            Ok(planned) => planned,
            // What is no Cypher to Neo4j.
            Err(Error::QueryFailed(_)) => continue,
            Err(error) => panic!("{error} of {text}"),
        };
        // A planner may begin with all nodes where a label says less than it thinks.
        if plan::check(&planned).is_err() {
            continue;
        }
        // All labels are let through here, so that nothing is caught that the two nets have not.
        let ceilings = Ceilings { rows: 1_000, bytes: 1 << 20 };
        let table = match kith.app.store.ask(asked, ceilings, LABELS).await {
            Ok(table) => table,
            Err(Error::QueryFailed(_)) => continue,
            Err(error) => panic!("{error} of {text}"),
        };
        answered += 1;
        for value in table.rows.iter().flatten() {
            nodes += looked_at(value, &text);
        }
    }
    println!("{bad} bad ones; {through} let through, {answered} of them answered, with {nodes} nodes");
    // What has shown nothing must have had something to show.
    assert!(bad > QUESTIONS / 4 && through > RUN && answered > RUN / 2 && nodes > RUN / 4, "seed {seed}");
}

/// How many nodes there are in a value, none of which may be secret.
fn looked_at(value: &Value, question: &str) -> usize {
    match value {
        Value::Object(object) => {
            let labels = object.get("labels").and_then(Value::as_array);
            for label in labels.into_iter().flatten() {
                let label = label.as_str().unwrap_or_default();
                assert!(OPEN_LABELS.contains(&label), "{question} shows a {label}");
            }
            let inside: usize = object.values().map(|value| looked_at(value, question)).sum();
            inside + usize::from(labels.is_some())
        }
        Value::Array(values) => values.iter().map(|value| looked_at(value, question)).sum(),
        Value::String(text) => {
            assert!(!text.contains("$argon2"), "{question} shows a password's hash");
            // What `labels()` of a secret node would show, among others.
            assert!(!is_secret(text), "{question} shows a name: {text}");
            0
        }
        _ => 0,
    }
}
