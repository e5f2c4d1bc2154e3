//! A real Prometheus that scrapes two instances: the dashboard and the alerts ask for what is there.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    broker::Broker,
    client::{self, get, send},
    cluster::{Cluster, Process, kith, person},
    tools,
};
use crate::neo4j;

const LIMIT: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_query_of_the_dashboard_and_of_the_alerts_finds_what_it_asks_for() {
    let mut graph = neo4j::start_own();
    let broker = Broker::start(tools::free_port());
    let cluster = Cluster::with(&graph.uri, &[broker.setting()]);
    let prometheus = Prometheus::start(&cluster).await;
    for instance in &cluster.instances {
        let health = instance.health();
        assert!(health.status.success(), "{}", String::from_utf8_lossy(&health.stderr));
    }
    let traffic = tokio::spawn(traffic(cluster.nginx.address.clone()));

    let queries = dashboard();
    assert!(queries.len() > 20, "{queries:?}");
    for query in &queries {
        prometheus.until(query, |found| !found.is_empty()).await;
    }
    for address in cluster.addresses() {
        let up = format!("kith_store_up{{instance=\"{address}\"}} == 1");
        prometheus.until(&up, |found| found.len() == 1).await;
    }
    prometheus.until("sum(kith_streams_open) == 1", |found| found.len() == 1).await;
    let page = get(cluster.addresses()[0], "/metrics", "").await.text;
    every_metric_is_explained(&page);

    // The alerts: each is evaluated without an error, asks for metrics that there are, and none fires.
    let rules = prometheus.rules().await;
    assert_eq!(rules.len(), 10);
    for rule in &rules {
        let query = rule["query"].as_str().expect("an expression");
        // The first request to a server that has just started may be slow, for which nobody is woken.
        assert!(rule["health"] == "ok" && rule["state"] != "firing", "{rule}");
        prometheus.query(query).await;
        for name in metrics_in(query) {
            let is_there = page.lines().any(|line| line.starts_with(&name));
            assert!(is_there || name == "up", "{name} of {query} is not in\n{page}");
        }
    }
    traffic.abort();

    // The graph goes: everybody notices, and says so.
    graph.kill();
    prometheus.until("kith_store_up == 0", |found| found.len() == 2).await;
    prometheus
        .until("sum(kith_store_retries_total{reason=\"unavailable\"}) > 0", |found| found.len() == 1)
        .await;
    prometheus.until("ALERTS{alertname=\"KithStoreNotReady\"}", |found| found.len() == 2).await;
    let health = cluster.instances[0].health();
    let said = String::from_utf8_lossy(&health.stderr);
    assert!(!health.status.success() && said.contains("503") && said.contains("store_unavailable"), "{said}");
}

#[test]
fn the_health_of_nobody_is_a_failure() {
    let address = format!("127.0.0.1:{}", tools::free_port());
    let output = kith(Path::new("/"), "bolt://127.0.0.1:1", &address)
        .arg("health")
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(&address) && said.lines().count() == 1, "{said}");
}

/// A bit of everything that is measured, over and over.
async fn traffic(nginx: String) {
    let ann = person(&nginx, "ann").await;
    let stream = client::open(&nginx, "GET", "/v1/feeds/home/stream", &ann.token, &[], Vec::new())
        .await
        .expect("a stream");
    for number in 0.. {
        let post = json!({"text": format!("post {number}")});
        send(&nginx, "POST", "/v1/posts", &ann.token, &post).await.expect(201);
        get(&nginx, "/v1/feeds/home", &ann.token).await.expect(200);
        get(&nginx, "/v1/nowhere", "").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(stream);
}

/// Every expression of the dashboard.
fn dashboard() -> BTreeSet<String> {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                // An annotation marks what is rare.
                if let (Some(Value::String(query)), true) = (object.get("expr"), object.contains_key("refId"))
                {
                    found.insert(query.replace("$__rate_interval", "30s"));
                }
                object.values().for_each(|value| collect(value, found));
            }
            Value::Array(array) => array.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let board: Value = serde_json::from_str(&tools::read("deploy/grafana/dashboards/kith.json"))
        .expect("a dashboard in JSON");
    let mut found = BTreeSet::new();
    collect(&board, &mut found);
    found
}

/// Each family has a help text, and a name with the unit at its end as Prometheus asks for.
fn every_metric_is_explained(page: &str) {
    let families: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(families.len() > 12, "{families:?}");
    for family in families {
        assert!(page.contains(&format!("# HELP {family} ")), "{family} is not explained in\n{page}");
        let units = ["_seconds", "_bytes", "_total", "_info"];
        let counts = ["_in_flight", "_open", "_size", "_up", "_fds", "_threads"];
        assert!(units.iter().chain(&counts).any(|end| family.ends_with(end)), "{family} has no unit");
    }
}

/// The names of metrics in an expression.
fn metrics_in(query: &str) -> Vec<String> {
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    query
        .split(|letter| !word(letter))
        .filter(|word| ["kith_", "process_"].iter().any(|start| word.starts_with(start)) || *word == "up")
        .map(str::to_owned)
        .collect()
}

struct Prometheus {
    _process: Process,
    address: String,
}

impl Prometheus {
    /// Starts one with the configuration that is mounted, but for addresses and pace.
    async fn start(cluster: &Cluster) -> Self {
        let folder = cluster.folder.path().join("prometheus");
        fs::create_dir_all(&folder).expect("a folder for Prometheus");
        let [one, two] = cluster.addresses();
        for attempt in 1.. {
            let address = format!("127.0.0.1:{}", tools::free_port());
            let changes = [
                ("targets: [kith-1:3000, kith-2:3000]", format!("targets: [\"{one}\", \"{two}\"]")),
                ("targets: [localhost:9090]", format!("targets: [\"{address}\"]")),
                ("scrape_interval: 15s", "scrape_interval: 3s".to_owned()),
                ("scrape_timeout: 5s", "scrape_timeout: 3s".to_owned()),
                ("evaluation_interval: 15s", "evaluation_interval: 1s".to_owned()),
            ];
            let mut file = tools::read("deploy/prometheus/prometheus.yml");
            for (from, to) in changes {
                assert_eq!(file.matches(from).count(), 1, "{from} in prometheus.yml");
                file = file.replace(from, &to);
            }
            fs::write(folder.join("prometheus.yml"), file).expect("a configuration");
            fs::write(folder.join("kith.rules.yml"), tools::read("deploy/prometheus/kith.rules.yml"))
                .expect("rules");
            let mut process = Self::spawn(&folder, &address);
            let started = Instant::now();
            while started.elapsed() < LIMIT && !process.ended() {
                let ready = client::try_send(&address, "GET", "/-/ready", "", &[], &Value::Null).await;
                if ready.is_ok_and(|answer| answer.status == 200) {
                    return Self { _process: process, address };
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            // Somebody else may have taken the port meanwhile.
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(
                attempt < 3 && log.contains("address already in use"),
                "Prometheus does not start\n{log}"
            );
        }
        unreachable!("the third attempt answers or fails")
    }

    fn spawn(folder: &Path, address: &str) -> Process {
        let log = fs::File::create(folder.join("log")).expect("a log file");
        Process::spawn(
            tools::prometheus()
                .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
                .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
                .arg(format!("--web.listen-address={address}"))
                .stdout(Stdio::null())
                .stderr(log),
        )
    }

    async fn api(&self, path: &str) -> Value {
        let answer = get(&self.address, path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()["data"].clone()
    }

    /// The result of an expression, which has to be well formed.
    async fn query(&self, query: &str) -> Vec<Value> {
        let data = self.api(&format!("/api/v1/query?query={}", percent_encoded(query))).await;
        data["result"].as_array().unwrap_or_else(|| panic!("{query}: {data}")).clone()
    }

    /// Asks until the result is as it should be.
    async fn until(&self, query: &str, is_so: impl Fn(&[Value]) -> bool) {
        let started = Instant::now();
        let mut found = self.query(query).await;
        while !is_so(&found) {
            assert!(started.elapsed() < LIMIT, "{query} is {found:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
            found = self.query(query).await;
        }
    }

    /// All alerts, when each was evaluated once.
    async fn rules(&self) -> Vec<Value> {
        let started = Instant::now();
        loop {
            let data = self.api("/api/v1/rules").await;
            let rules = data["groups"][0]["rules"].as_array().cloned().unwrap_or_default();
            if !rules.is_empty() && rules.iter().all(|rule| rule["health"] != "unknown") {
                return rules;
            }
            assert!(started.elapsed() < LIMIT, "{data}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn percent_encoded(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let _ = write!(encoded, "%{byte:02X}");
        encoded
    })
}
