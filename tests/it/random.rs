//! Random requests, made from what the OpenAPI document describes and then spoilt here and there, are answered as it
//! says, and none of them by an error of the server.
//!
//! `KITH_TEST_REQUESTS` sets how many are sent to each store; `KITH_TEST_SEED` repeats those of a failed run.

use std::collections::HashMap;

use poem::{
    Request,
    http::{HeaderValue, Method},
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Map, Value, json};

use crate::{
    openapi,
    support::{Answer, Kith, On, Person},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_requests_are_answered_as_described_on_the_embedded_graph() {
    check(On::Embedded, 10_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_requests_are_answered_as_described_on_neo4j() {
    check(On::Neo4j, 1_000).await;
}

/// Texts that something is bound to take for more than a text.
const NASTY: [&str; 28] = [
    "",
    " ",
    "0",
    "-1",
    "1e309",
    "99999999999999999999",
    "null",
    "true",
    "[]",
    "{}",
    "\u{0}",
    "\u{7f}",
    "\u{202e}abc",
    "'",
    "\"",
    "\\",
    "') DETACH DELETE n //",
    "$id",
    "${7*7}",
    "../../etc/passwd",
    "%00",
    "%ff",
    "@",
    "#",
    "é́́́",
    "👨‍👩‍👧‍👦",
    "\u{feff}x",
    "ﷺﷺﷺ",
];

struct Operation {
    method: Method,
    template: String,
    id: String,
    parameters: Vec<Value>,
    /// The properties of the body, if it has one.
    body: Option<Map<String, Value>>,
    statuses: Vec<u16>,
}

/// What requests are made from. It grows with the answers.
struct Pool {
    random: StdRng,
    people: Vec<Person>,
    ids: HashMap<&'static str, Vec<String>>,
    cursors: Vec<String>,
    tags: Vec<String>,
    refresh_tokens: Vec<String>,
}

struct Sent {
    method: Method,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    /// Whether the method and the path are those of the operation.
    on_its_place: bool,
}

async fn check(on: On, count: u64) {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = number("KITH_TEST_SEED").unwrap_or_else(rand::random);
    let count = number("KITH_TEST_REQUESTS").unwrap_or(count);
    let kith = Kith::start(on).await;
    let operations = operations();
    let mut pool = Pool::new(&kith, seed).await;
    let mut statuses: HashMap<u16, u64> = HashMap::new();
    for turn in 0..count {
        // What is made is what the rest is about.
        let creates = pool.one_in(5);
        let operation = loop {
            let operation = &operations[pool.random.random_range(0..operations.len())];
            if !creates || ["create_post", "create_comment"].contains(&operation.id.as_str()) {
                break operation;
            }
        };
        // Chance seldom finds an own post, a good text and an old version at once.
        let is_old = turn % 500 == 499;
        let update = operations.iter().find(|known| known.id == "update_post").filter(|_| is_old);
        let operation = update.unwrap_or(operation);
        let sent = if is_old { pool.old_version(&kith).await } else { pool.request(operation) };
        let Some(request) = sent.build() else { continue };
        let answer = kith.call(request).await;
        *statuses.entry(answer.status).or_default() += 1;
        if let Err(why) = judge(operation, &sent, &answer) {
            panic!(
                "KITH_TEST_SEED={seed} repeats this, at turn {turn}: {why}\n{} {} {:?}\n{:?}\n{} {:?}\n{}",
                sent.method,
                sent.target,
                sent.headers,
                sent.body.as_deref().map(String::from_utf8_lossy),
                answer.status,
                answer.headers,
                answer.text
            );
        }
        pool.learn(&answer);
        // Whoever deleted their account or left is followed by somebody new.
        if answer.status == 204 && ["delete_me", "delete_current_session"].contains(&operation.id.as_str()) {
            pool.replace(&kith, &sent).await;
        }
    }
    // Requests that are all refused alike would prove little.
    let share = |range: std::ops::Range<u16>| {
        statuses.iter().filter(|(status, _)| range.contains(status)).map(|(_, count)| count).sum::<u64>()
    };
    assert!(share(200..300) > count / 6 && share(400..500) > count / 6, "{statuses:?}");
    if count >= 5000 {
        for status in [200, 201, 204, 304, 400, 401, 403, 404, 405, 410, 412, 415, 422] {
            assert!(statuses.contains_key(&status), "none is answered {status}: {statuses:?}");
        }
    }
}

/// What is wrong with an answer.
fn judge(operation: &Operation, sent: &Sent, answer: &Answer) -> Result<(), String> {
    if answer.status >= 500 {
        return Err("an error of the server".to_owned());
    }
    let is_elsewhere = !sent.on_its_place;
    if !is_elsewhere && !operation.statuses.contains(&answer.status) {
        return Err(format!("{} does not describe {}", operation.id, answer.status));
    }
    if answer.status < 400 || sent.method == Method::HEAD {
        return Ok(());
    }
    let problem: Value = serde_json::from_str(&answer.text).map_err(|error| error.to_string())?;
    let code = problem["code"].as_str().unwrap_or_default();
    let is_problem = answer.header("content-type") == "application/problem+json"
        && problem["status"] == json!(answer.status)
        && !code.is_empty()
        && problem["type"] == json!(format!("/problems/{code}"));
    if is_problem { Ok(()) } else { Err("no problem".to_owned()) }
}

fn operations() -> Vec<Operation> {
    let document = openapi::document();
    openapi::operations(&document)
        .into_iter()
        .map(|(method, template, operation)| {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let body = body.as_str().map(|reference| {
                let schema = document.pointer(&reference[1..]).expect("a schema");
                schema["properties"].as_object().expect("properties").clone()
            });
            let statuses = operation["responses"].as_object().expect("answers").keys();
            Operation {
                method: method.to_uppercase().parse().expect("a method"),
                template: template.to_owned(),
                id: operation["operationId"].as_str().expect("an id").to_owned(),
                parameters: operation["parameters"].as_array().cloned().unwrap_or_default(),
                body,
                statuses: statuses.map(|status| status.parse().expect("a status")).collect(),
            }
        })
        .collect()
}

impl Sent {
    /// Nothing where the target is none that a client could send: the tests of the wire are about such.
    fn build(&self) -> Option<Request> {
        let mut request =
            Request::builder().method(self.method.clone()).uri(self.target.parse().ok()?).finish();
        for (name, value) in &self.headers {
            let name = name.parse::<poem::http::HeaderName>().expect("a name");
            request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
        }
        if let Some(body) = &self.body {
            request.set_body(body.clone());
        }
        Some(request)
    }
}

impl Pool {
    async fn new(kith: &Kith, seed: u64) -> Self {
        let mut people = vec![kith.person("p0").await];
        for number in 1..4 {
            people.push(kith.newcomer(&format!("p{number}")).await);
        }
        let ids = ["users", "posts", "comments"].map(|kind| (kind, Vec::new()));
        let mut pool = Self {
            random: StdRng::seed_from_u64(seed),
            ids: HashMap::from(ids),
            cursors: Vec::new(),
            tags: vec!["kith".to_owned()],
            refresh_tokens: Vec::new(),
            people,
        };
        for person in pool.people.clone() {
            let post = kith.post(&person, "Hello #kith").await;
            let comment = kith.comment(&person, &post, None, "Hm").await;
            for (kind, id) in
                [("posts", &post["id"]), ("comments", &comment["id"]), ("users", &json!(person.id))]
            {
                pool.keep(kind, id.as_str().expect("an id"));
            }
        }
        pool
    }

    fn keep(&mut self, kind: &str, id: &str) {
        let ids = self.ids.get_mut(kind).expect("a kind");
        // The newest are the ones that are worth something.
        if ids.len() >= 40 {
            ids.remove(0);
        }
        ids.push(id.to_owned());
    }

    fn learn(&mut self, answer: &Answer) {
        if let Some((kind, id)) = answer.header("location").trim_start_matches("/v1/").split_once('/') {
            self.keep(kind, id);
        }
        let Ok(body) = serde_json::from_str::<Value>(&answer.text) else { return };
        for (name, found) in [("next_cursor", &mut self.cursors), ("refresh_token", &mut self.refresh_tokens)]
        {
            if let Some(value) = body[name].as_str() {
                if found.len() >= 40 {
                    found.remove(0);
                }
                found.push(value.to_owned());
            }
        }
    }

    async fn replace(&mut self, kith: &Kith, sent: &Sent) {
        let token =
            sent.headers.iter().find_map(|(_, value)| value.strip_prefix("Bearer ")).unwrap_or_default();
        if let Some(place) = self.people.iter().position(|person| person.token == token) {
            let name = format!("q{}", self.random.random::<u32>());
            self.people[place] = kith.newcomer(&name).await;
            let id = self.people[place].id.clone();
            self.keep("users", &id);
        }
    }

    fn one_in(&mut self, many: u32) -> bool {
        self.random.random_range(0..many) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from.choose(&mut self.random).expect("one").clone()
    }

    fn nasty(&mut self) -> String {
        match self.random.random_range(0..12) {
            0 => "a".repeat(self.random.random_range(100..9000)),
            1 => (0..20).map(|_| self.random.random::<char>()).collect(),
            2 => self.cursors.choose(&mut self.random).cloned().unwrap_or_default(),
            _ => (*NASTY.choose(&mut self.random).expect("one")).to_owned(),
        }
    }

    fn id(&mut self, kind: &str) -> String {
        let kind = if self.one_in(12) { "comments" } else { kind };
        self.ids[kind].choose(&mut self.random).cloned().unwrap_or_default()
    }

    fn person(&mut self) -> Person {
        self.people.choose(&mut self.random).expect("somebody").clone()
    }

    /// A change of one's own post for whoever has seen another version of it.
    async fn old_version(&mut self, kith: &Kith) -> Sent {
        let person = kith.newcomer(&format!("v{}", self.random.random::<u32>())).await;
        let post = kith.post(&person, "Hello").await;
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("authorization", format!("Bearer {}", person.token)),
            ("If-Match", "\"r0-x\"".to_owned()),
        ];
        Sent {
            method: Method::PATCH,
            target: format!("/v1/posts/{}", post["id"].as_str().expect("an id")),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            body: Some(b"{\"text\": \"Changed\"}".to_vec()),
            on_its_place: true,
        }
    }

    fn request(&mut self, operation: &Operation) -> Sent {
        let mut sent = Sent {
            method: operation.method.clone(),
            target: operation.template.clone(),
            headers: Vec::new(),
            body: None,
            on_its_place: true,
        };
        let mut query = Vec::new();
        for parameter in &operation.parameters {
            let name = parameter["name"].as_str().expect("a name");
            let required = parameter["required"] == json!(true);
            let value = self.parameter(operation, name, &parameter["schema"]);
            match parameter["in"].as_str() {
                Some("path") => {
                    // An empty segment is another path.
                    sent.on_its_place &= !value.is_empty();
                    sent.target = sent.target.replace(&format!("{{{name}}}"), &percent_encoded(&value));
                }
                Some("query") if required || self.one_in(2) => {
                    query.push(format!("{name}={}", percent_encoded(&value)));
                }
                Some("header") if self.one_in(3) => sent.headers.push((name.to_owned(), value)),
                _ => {}
            }
        }
        if self.one_in(30) {
            query.push(percent_encoded(&self.nasty()));
        }
        if !query.is_empty() {
            sent.target = format!("{}?{}", sent.target, query.join("&"));
        }
        if let Some(properties) = &operation.body {
            sent.body = Some(self.body(operation, properties));
            if !self.one_in(30) {
                sent.headers.push(("content-type".to_owned(), "application/json".to_owned()));
            }
        } else if self.one_in(20) {
            sent.body = Some(b"{\"unasked\": true}".to_vec());
        }
        if !self.one_in(12) {
            sent.headers.push(("authorization".to_owned(), self.authorization()));
        }
        self.misplace(&mut sent);
        // A stream that begins would not end.
        if operation.id == "stream_home_feed" {
            sent.headers.retain(|(name, _)| name != "Last-Event-ID");
            sent.headers.push(("Last-Event-ID".to_owned(), "AAAA".to_owned()));
        }
        sent
    }

    fn authorization(&mut self) -> String {
        let mut token = self.person().token;
        if self.one_in(25) {
            let at = self.random.random_range(0..token.len());
            let letter = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
            token.replace_range(at..=at, letter);
        }
        if self.one_in(60) { self.nasty() } else { format!("Bearer {token}") }
    }

    fn misplace(&mut self, sent: &mut Sent) {
        match self.random.random_range(0..50) {
            0 => {
                sent.method = self.pick(&[
                    Method::GET,
                    Method::POST,
                    Method::PUT,
                    Method::DELETE,
                    Method::PATCH,
                    Method::HEAD,
                    Method::OPTIONS,
                    Method::TRACE,
                ]);
            }
            1 => sent.target = format!("{}{}", sent.target, self.pick(&["/", "//", "/x", "%2f", "/.."])),
            2 => {
                sent.target = sent.target.replacen("/v1", self.pick(&["", "/v2", "/V1", "//v1", "/v1/."]), 1);
            }
            _ => return,
        }
        sent.on_its_place = false;
    }

    fn parameter(&mut self, operation: &Operation, name: &str, schema: &Value) -> String {
        if self.one_in(15) {
            return self.nasty();
        }
        match name {
            "id" => {
                let kind = if operation.template.contains("/comments/{id}") { "comments" } else { "posts" };
                self.id(kind)
            }
            "user" if self.one_in(3) => format!("@{}", self.person().handle),
            "user" => self.id("users"),
            "ids" => {
                let most = if self.one_in(10) { 110 } else { 5 };
                let count = self.random.random_range(1..most);
                (0..count).map(|_| self.id("users")).collect::<Vec<_>>().join(",")
            }
            "tag" => self.tags.choose(&mut self.random).cloned().unwrap_or_default(),
            "cursor" => {
                let mut cursor = self.cursors.choose(&mut self.random).cloned().unwrap_or_default();
                if self.one_in(4) {
                    cursor.pop();
                }
                cursor
            }
            "sort" => self.pick(&["top", "new", "old", "best"]).to_owned(),
            "If-Match" | "If-None-Match" => {
                self.pick(&["*", "\"r0-x\"", "\"r1-x\"", "W/\"r0-x\"", "x"]).to_owned()
            }
            "Idempotency-Key" => format!("key-{}", self.random.random_range(0..50)),
            _ => {
                let bound = |name: &str| schema[name].as_i64().unwrap_or_default();
                self.random.random_range(bound("minimum")..=bound("maximum") + 1).to_string()
            }
        }
    }

    fn body(&mut self, operation: &Operation, properties: &Map<String, Value>) -> Vec<u8> {
        let mut body = Map::new();
        for name in properties.keys() {
            if !self.one_in(8) {
                let value = self.property(operation, name);
                body.insert(name.clone(), value);
            }
        }
        if self.one_in(30) {
            body.insert(self.nasty(), json!(self.nasty()));
        }
        let mut bytes = Value::Object(body).to_string().into_bytes();
        match self.random.random_range(0..40) {
            0 => bytes.truncate(self.random.random_range(0..bytes.len())),
            1 => {
                let at = self.random.random_range(0..bytes.len());
                bytes[at] = self.random.random();
            }
            2 => bytes = self.nasty().into_bytes(),
            3 => bytes.extend(vec![b' '; 70_000]),
            _ => {}
        }
        bytes
    }

    fn property(&mut self, operation: &Operation, name: &str) -> Value {
        match self.random.random_range(0..25) {
            0 => return json!(self.nasty()),
            1 => {
                return self.pick(&[
                    json!(0),
                    json!(true),
                    json!([]),
                    json!({"a": [{}]}),
                    Value::Null,
                    json!(1e300),
                ]);
            }
            _ => {}
        }
        match name {
            "text" | "name" | "bio" => {
                let words = ["Hello", "#kith", "#Größe", "@nobody", "👍", "a\nb", "\t", "x", "#", "@"];
                let mut text: Vec<String> = (0..self.random.random_range(1..8))
                    .map(|_| words[self.random.random_range(0..words.len())].to_owned())
                    .collect();
                if self.one_in(3) {
                    text.push(format!("@{}", self.person().handle));
                }
                json!(text.join(" "))
            }
            // Most are taken or too short, for a password takes long to hash.
            "handle" if self.one_in(5) => json!(format!("h{:x}", self.random.random::<u64>())),
            "handle" => json!(self.people[0].handle),
            "password" if operation.id == "create_user" && !self.one_in(8) => json!("short"),
            "password" => json!("correct horse"),
            "visibility" => json!(self.pick(&["public", "public", "followers", "x"])),
            "quote_of" if self.one_in(2) => json!(self.id("posts")),
            "parent_id" if self.one_in(2) => json!(self.id("comments")),
            "avatar_url" => json!(self.pick(&["https://example.org/a.png", "ftp://x", "https://", "x"])),
            "refresh_token" => {
                json!(self.refresh_tokens.choose(&mut self.random).cloned().unwrap_or_default())
            }
            _ => Value::Null,
        }
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~@,".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
