//! The real binary as an operator meets it: its configuration, its log and its metrics.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder to run in, with a `kith.toml` if there is something to say.
fn folder(file: &str) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    if !file.is_empty() {
        std::fs::write(folder.path().join("kith.toml"), file).expect("a file in it");
    }
    folder
}

fn kith(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kith"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    // What the tests themselves are told is nothing to the binary.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("KITH_") {
            command.env_remove(name);
        }
    }
    command.envs(environment.iter().copied());
    command
}

fn run(file: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    kith(folder(file).path(), arguments, environment).output().expect("the binary runs")
}

/// What `kith config` prints, as a value.
#[track_caller]
fn printed(file: &str, environment: &[(&str, &str)]) -> toml::Table {
    let output = run(file, &["config"], environment);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().parse().unwrap()
}

/// The message of a start that must fail, and does not print a single secret.
#[track_caller]
fn refused(file: &str, environment: &[(&str, &str)]) -> String {
    let mut message = String::new();
    for arguments in [&["config"][..], &["serve"], &[]] {
        let output = run(file, arguments, environment);
        assert!(!output.status.success(), "kith {arguments:?} starts with {file} {environment:?}");
        message = String::from_utf8(output.stderr).unwrap();
        assert!(message.starts_with("kith: configuration: "), "{message}");
    }
    message
}

fn keys(table: &toml::Table) -> BTreeSet<String> {
    table
        .iter()
        .flat_map(|(section, keys)| {
            keys.as_table().unwrap().keys().map(move |key| format!("{section}.{key}")).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_key_has_a_default_and_a_comment() {
    let defaults: toml::Table = kith::config::DEFAULTS.parse().unwrap();
    let mut shown = keys(&printed("", &[]));
    // A key that stands for nothing when it is empty is not printed.
    for key in ["http.public_url", "store.database", "broker.url", "cdn.purge_url"] {
        assert!(!shown.contains(key));
        shown.insert(key.to_owned());
    }
    assert_eq!(shown, keys(&defaults));
    let lines: Vec<&str> = kith::config::DEFAULTS.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[1].contains(" = ")) {
        assert!(pair[0].starts_with('#') || pair[0].contains(" = "), "{} has no comment", pair[1]);
    }
}

#[test]
fn a_file_goes_before_the_defaults_and_the_environment_before_the_file() {
    let file = "[limits]\npost_chars = 500\ncomment_chars = 600\n[store]\ntimeout = 2.5";
    let config = printed(file, &[("KITH_LIMITS__COMMENT_CHARS", "700")]);
    let limits = &config["limits"];
    assert_eq!(limits["post_chars"].as_integer(), Some(500));
    assert_eq!(limits["comment_chars"].as_integer(), Some(700));
    assert_eq!(limits["body_bytes"].as_integer(), Some(65536));
    assert_eq!(config["store"]["timeout"].as_float(), Some(2.5));
}

#[test]
fn the_file_can_stand_elsewhere() {
    let elsewhere = folder("[limits]\npost_chars = 500");
    let path = elsewhere.path().join("kith.toml");
    let config = printed("[limits]\npost_chars = 9", &[("KITH_CONFIG", path.to_str().unwrap())]);
    assert_eq!(config["limits"]["post_chars"].as_integer(), Some(500));
    assert!(refused("", &[("KITH_CONFIG", "nowhere.toml")]).contains("nowhere.toml"));
}

#[test]
fn the_environment_gives_each_key_a_value_of_its_type() {
    let config = printed(
        "",
        &[
            ("KITH_STORE__USER", "007"),
            ("KITH_STORE__DATABASE", "true"),
            ("KITH_LOG__LEVEL", "info,kith=debug"),
            ("KITH_AUTH__LOCAL_ACCOUNTS", "false"),
            ("KITH_HTTP__REQUEST_TIMEOUT", "0.5"),
            ("KITH_HTTP__PUBLIC_URL", "https://kith.example"),
            // None of Kith's: Kubernetes makes such variables.
            ("KITH_PORT", "tcp://10.0.0.1:3000"),
            ("KITH_SERVICE_HOST", "10.0.0.1"),
        ],
    );
    assert_eq!(config["store"]["user"].as_str(), Some("007"));
    assert_eq!(config["store"]["database"].as_str(), Some("true"));
    assert_eq!(config["log"]["level"].as_str(), Some("info,kith=debug"));
    assert_eq!(config["auth"]["local_accounts"].as_bool(), Some(false));
    assert_eq!(config["http"]["request_timeout"].as_float(), Some(0.5));
    assert_eq!(config["http"]["public_url"].as_str(), Some("https://kith.example"));
}

#[test]
fn a_list_comes_from_a_file_or_from_one_variable() {
    let issuer = "issuer = \"https://id.example.com\"";
    let file = printed(&format!("[[auth.issuers]]\n{issuer}\naudience = \"kith\""), &[]);
    let list = format!("[{{{issuer}, audience = \"kith\"}}]");
    let environment = printed("", &[("KITH_AUTH__ISSUERS", &list)]);
    for config in [&file, &environment] {
        let issuers = config["auth"]["issuers"].as_array().expect("a list");
        assert_eq!(issuers.len(), 1);
        assert_eq!(issuers[0]["issuer"].as_str(), Some("https://id.example.com"));
        assert_eq!(issuers[0]["handle_claim"].as_str(), Some("preferred_username"));
        assert_eq!(issuers[0]["algorithms"].as_array().map(Vec::len), Some(4));
    }
    assert!(refused("", &[("KITH_AUTH__ISSUERS", "https://id.example.com")]).contains("auth.issuers"));
}

#[test]
fn secrets_are_hidden() {
    for password in ["12345", "s3cret", "1e9"] {
        let output =
            run("[auth]\nsigning_key = \"hush\"", &["config"], &[("KITH_STORE__PASSWORD", password)]);
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && !shown.contains(password) && !shown.contains("hush"), "{shown}");
        assert_eq!(shown.matches("(hidden)").count(), 2, "{shown}");
    }
    let typo = refused("[store]\npassword = s3cret", &[]);
    assert!(typo.contains("line 2") && !typo.contains("s3cret"), "{typo}");
    let wrong = refused("[store]\npassword = 12345", &[]);
    assert!(wrong.contains("store.password") && !wrong.contains("12345"), "{wrong}");
}

#[test]
fn a_bad_value_stops_the_start_and_is_named() {
    let cases = [
        ("[http]\nlisten_on = \"x\"", "http.listen_on"),
        ("[htttp]\nlisten = \"x\"", "htttp"),
        ("listen = \"x\"", "listen"),
        ("http = 1", "http"),
        ("[http]\nlisten = 3000", "http.listen"),
        ("[http]\nlisten = \"localhost\"", "http.listen"),
        ("[http]\nlisten = \"127.0.0.1:99999\"", "http.listen"),
        ("[http]\npublic_url = \"kith.example\"", "http.public_url"),
        ("[http]\nrequest_timeout = \"30\"", "http.request_timeout"),
        ("[http]\nrequest_timeout = 0", "http.request_timeout"),
        ("[http]\nrequest_timeout = -1", "http.request_timeout"),
        ("[store]\nuri = \"mysql://x\"", "store.uri"),
        ("[store]\nuri = \"bolt://\"", "store.uri"),
        ("[store]\nuri = \"embedded:\"", "store.uri"),
        ("[store]\nuri = \"bolt://neo4j:pass@host\"", "store.uri"),
        ("[store]\npool_size = 0", "store.pool_size"),
        ("[store]\npool_size = 1.5", "store.pool_size"),
        ("[store]\npool_size = -1", "store.pool_size"),
        ("[auth]\nlocal_accounts = \"yes\"", "auth.local_accounts"),
        ("[auth]\nissuers = \"https://id.example.com\"", "auth.issuers"),
        ("[[auth.issuers]]\nissuer = \"http://id.example.com\"\naudience = \"kith\"", "auth.issuers"),
        ("[[auth.issuers]]\nissuer = \"https://id.example.com\"\naudience = \"\"", "auth.issuers"),
        ("[[auth.issuers]]\nissuer = \"https://id.example.com\"", "audience"),
        (
            "[[auth.issuers]]\nissuer = \"https://id.example.com\"\naudience = \"kith\"\nalgorithms = [\"HS256\"]",
            "auth.issuers",
        ),
        (
            "[[auth.issuers]]\nissuer = \"https://id.example.com\"\naudience = \"kith\"\nalgorithms = [\"none\"]",
            "none",
        ),
        (
            "[[auth.issuers]]\nissuer = \"https://id.example.com\"\naudience = \"kith\"\ncolour = \"x\"",
            "colour",
        ),
        ("[[auth.services]]\nname = \"web\"\ntoken_hash = \"abc\"\nscopes = [\"read\"]", "auth.services"),
        ("[[auth.services]]\nname = \"web\"\nscopes = [\"read\"]", "token_hash"),
        ("[[auth.services]]\nname = \"web\"\ntoken_hash = \"abc\"\nscopes = [\"all\"]", "all"),
        ("[limits]\npost_chars = 0", "limits.post_chars"),
        ("[limits]\nbody_bytes = 0", "limits.body_bytes"),
        ("[broker]\nurl = \"nats://:port\"", "broker.url"),
        ("[broker]\nurl = \"nats://kith:pass@nats\"\n[store]\nuri = \"bolt://host\"", "broker.url"),
        ("[broker]\nurl = \"nats://nats\"", "broker.url"),
        ("[cdn]\nmax_age = -1", "cdn.max_age"),
        ("[cdn]\npurge_url = \"varnish:6081\"", "cdn.purge_url"),
        ("[cdn]\npurge_header = \"secret\"", "cdn.purge_header"),
        ("[log]\nformat = \"xml\"", "log.format"),
        ("[log]\nlevel = \"kith=loud=x\"", "log.level"),
    ];
    for (file, key) in cases {
        let message = refused(file, &[]);
        assert!(message.contains(key), "{file}: {message}");
    }
    for (name, value, key) in [
        ("KITH_HTTP__LISTEN_ON", "x", "http.listen_on"),
        ("KITH_STORES__URI", "x", "stores"),
        ("KITH_HTTP__REQUEST_TIMEOUT", "soon", "http.request_timeout"),
        ("KITH_AUTH__LOCAL_ACCOUNTS", "1", "auth.local_accounts"),
        ("KITH_LIMITS__POST_CHARS", "many", "limits.post_chars"),
        ("KITH_LIMITS__POST_CHARS", "", "limits.post_chars"),
    ] {
        let message = refused("", &[(name, value)]);
        assert!(message.contains(key), "{name}={value}: {message}");
    }
}

#[test]
fn a_bad_signing_key_stops_the_start() {
    for key in ["signing_key", "other_keys", "sealing_key"] {
        let file = format!("[auth]\n{key} = \"too-short\"");
        let output = run(&file, &["serve"], &[("KITH_HTTP__LISTEN", "127.0.0.1:0")]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && message.contains(&format!("auth.{key}: ")), "{message}");
        assert!(!message.contains("too-short"), "{message}");
    }
}

/// A running Kith on a port of its own.
pub struct Running {
    child: Child,
    address: String,
    folder: TempDir,
}

impl Running {
    pub fn start(environment: &[(&str, &str)]) -> Self {
        let folder = folder("");
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut child = kith(folder.path(), &[], environment)
            .env("KITH_HTTP__LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("http://")?.1.trim_end_matches("/v1").to_owned()))
            .expect("a start-up line with the address");
        Self { child, address, folder }
    }

    /// An answer as its status and its body.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> (u16, String) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: kith\r\nconnection: close\r\n");
        for (name, value) in headers {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        let _ =
            write!(request, "content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer[9..12].parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_log_has_a_line_for_each_request_and_nothing_that_is_private() {
    let running = Running::start(&[("KITH_LOG__FORMAT", "json"), ("KITH_LOG__LEVEL", "trace")]);
    let password = "a very private horse";
    let words = "private words of a post";
    let ann = json!({"handle": "ann", "name": "Ann", "password": password});
    let (_, user) = running.send("POST", "/v1/users", &[("x-request-id", "registering")], &ann);
    let user: Value = serde_json::from_str(&user).unwrap();
    let (_, session) =
        running.send("POST", "/v1/sessions", &[], &json!({"handle": "ann", "password": password}));
    let session: Value = serde_json::from_str(&session).unwrap();
    let token = session["access_token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("x-request-id", "posting")];
    let (status, post) = running.send("POST", "/v1/posts", &headers, &json!({"text": words}));
    assert_eq!(status, 201);
    let post: Value = serde_json::from_str(&post).unwrap();
    let path = format!("/v1/posts/{}", post["id"].as_str().unwrap());
    assert_eq!(running.send("GET", &path, &[("x-request-id", "reading")], &Value::Null).0, 200);
    assert_eq!(running.send("GET", "/nowhere", &[("x-request-id", "lost")], &Value::Null).0, 404);
    let refresh = session["refresh_token"].as_str().unwrap();
    assert_eq!(running.send("POST", "/v1/sessions/refresh", &[], &json!({"refresh_token": refresh})).0, 200);

    let log = running.log();
    let key = std::fs::read_to_string(running.folder.path().join("data/signing.key")).unwrap();
    for private in [password, words, token, refresh, key.trim(), "$argon2"] {
        assert!(!log.contains(private), "the log has {private}");
    }
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let requests: Vec<&Value> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), 6);
    let of = |id: &str| *requests.iter().find(|line| line["request_id"] == id).expect(id);
    for (id, method, route, status, viewer) in [
        ("registering", "POST", "/v1/users", 201, &Value::Null),
        ("posting", "POST", "/v1/posts", 201, &user["id"]),
        ("reading", "GET", "/v1/posts/{id}", 200, &Value::Null),
        ("lost", "GET", "unknown", 404, &Value::Null),
    ] {
        let line = of(id);
        assert_eq!((&line["method"], &line["route"]), (&json!(method), &json!(route)));
        assert_eq!((&line["status"], &line["viewer_id"]), (&json!(status), viewer));
        assert!(line["duration_ms"].as_f64().is_some_and(|duration| duration > 0.0), "{line}");
        assert_eq!(line["level"], "INFO");
    }
}

#[test]
fn metrics_tell_of_requests_by_route_and_of_statements_by_name() {
    let running = Running::start(&[]);
    running.send("GET", "/v1/feeds/public", &[], &Value::Null);
    running.send("GET", "/v1/users/nobody", &[], &Value::Null);
    running.send("GET", "/v1/a%22b", &[], &Value::Null);
    let (status, metrics) = running.send("GET", "/metrics", &[], &Value::Null);
    assert_eq!(status, 200);
    for series in [
        r#"kith_http_request_duration_seconds_bucket{method="GET",route="/v1/feeds/public",status="200",le="+Inf"} 1"#,
        r#"kith_http_request_duration_seconds_count{method="GET",route="/v1/users/{user}",status="404"} 1"#,
        r#"kith_http_request_duration_seconds_count{method="GET",route="unknown",status="404"} 1"#,
        r#"kith_statement_duration_seconds_count{statement="users/read.cypher",store="embedded",outcome="ok"} 1"#,
        "kith_http_requests_in_flight 1",
    ] {
        assert!(metrics.contains(series), "{series} is not in\n{metrics}");
    }
}
