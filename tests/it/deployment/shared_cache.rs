//! Varnish, with the configuration that is shipped, as a CDN before nginx and two instances.

use std::{
    fs,
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    broker::Broker,
    client::{get, send},
    cluster::{Cluster, Process, person},
    tools,
};
use crate::{neo4j, support::text};

const LIMIT: Duration = Duration::from_mins(1);

struct Varnish {
    _process: Process,
    address: String,
}

impl Varnish {
    fn start(port: u16, cluster: &Cluster) -> Self {
        let folder = cluster.folder.path().join("varnish");
        fs::create_dir_all(&folder).expect("a folder for Varnish");
        let (host, nginx_port) = cluster.nginx.address.split_once(':').expect("an address");
        let mut vcl = tools::read("deploy/varnish/default.vcl");
        for (from, to) in [("\"nginx\"", host), ("\"8080\"", nginx_port)] {
            assert_eq!(vcl.matches(from).count(), 1, "{from}");
            vcl = vcl.replace(from, &format!("\"{to}\""));
        }
        let file = folder.join("default.vcl");
        fs::write(&file, vcl).expect("a configuration");
        let address = format!("127.0.0.1:{port}");
        let mut varnishd: Command = tools::varnishd();
        varnishd.args(["-F", "-a", &address, "-s", "malloc,16m", "-T", "none"]);
        varnishd.arg("-n").arg(folder.join("work")).arg("-f").arg(&file);
        let errors = fs::File::create(folder.join("errors")).expect("a log file");
        let mut process = Process::spawn(varnishd.stdout(Stdio::null()).stderr(errors));
        let started = Instant::now();
        while TcpStream::connect(&address).is_err() {
            let errors = fs::read_to_string(folder.join("errors")).unwrap_or_default();
            assert!(started.elapsed() < LIMIT && !process.ended(), "Varnish does not start\n{errors}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { _process: process, address }
    }

    /// What a stranger gets, and whether Varnish had it.
    async fn get(&self, path: &str) -> (u16, Value, bool) {
        let answer = get(&self.address, path, "").await;
        // A hit names the request that fetched it as well.
        let is_hit = answer.header("x-varnish").contains(' ');
        assert_eq!(answer.header("surrogate-key"), "", "it is nobody else's business");
        (answer.status, if answer.status == 200 { answer.json() } else { Value::Null }, is_hit)
    }

    /// Waits until a stranger gets something else.
    async fn until(&self, path: &str, is_so: impl Fn(u16, &Value) -> bool) {
        let started = Instant::now();
        loop {
            let (status, body, _) = self.get(path).await;
            if is_so(status, &body) {
                return;
            }
            assert!(started.elapsed() < LIMIT, "{path} stays {status} {body}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cdn_keeps_what_strangers_read_until_a_write_purges_it() {
    let neo4j = neo4j::start_own();
    let broker = Broker::start(tools::free_port());
    let port = tools::free_port();
    let cluster = Cluster::with(
        &neo4j.uri,
        &[
            broker.setting(),
            ("KITH_CDN__MAX_AGE", "3600".to_owned()),
            ("KITH_CDN__PURGE_URL", format!("http://127.0.0.1:{port}/purge")),
        ],
    );
    let [one, two] = cluster.addresses();
    let varnish = Varnish::start(port, &cluster);
    let ann = person(one, "ann").await;
    let write = async |address: &str, words: &str| {
        let made = send(address, "POST", "/v1/posts", &ann.token, &json!({"text": words})).await.expect(201);
        text(&made["id"])
    };
    let first = write(one, "first").await;
    // What Neo4j makes for itself at the first writes has been found, and purged once more.
    tokio::time::sleep(Duration::from_secs(5)).await;

    let (page, profile) = (format!("/v1/posts/{first}"), format!("/v1/users/@{}", ann.handle));
    let thread = format!("/v1/posts/{first}/thread");
    let pages = [page.as_str(), profile.as_str(), thread.as_str(), "/v1/feeds/public"];
    for path in pages {
        varnish.get(path).await;
        let (status, _, is_hit) = varnish.get(path).await;
        assert!(status == 200 && is_hit, "{path} is not kept");
    }
    // Who has a token is not answered from there, nor kept for others.
    send(two, "PUT", &format!("/v1/posts/{first}/like"), &ann.token, &Value::Null).await.expect(200);
    let own = get(&varnish.address, &page, &ann.token).await;
    assert_eq!(own.header("cache-control"), "private, no-cache");
    assert_eq!(own.expect(200)["viewer"]["liked"], json!(true));

    // Whatever is written, on whichever instance, is there for strangers a moment later.
    varnish.until(&page, |_, post| post["counts"]["likes"] == 1 && post["viewer"].is_null()).await;
    send(two, "PATCH", &page, &ann.token, &json!({"text": "edited"})).await.expect(200);
    varnish.until(&page, |_, post| post["text"] == "edited").await;
    varnish.until("/v1/feeds/public", |_, feed| feed["items"][0]["post"]["text"] == "edited").await;
    send(one, "PATCH", "/v1/me", &ann.token, &json!({"name": "Ann Other"})).await.expect(200);
    varnish.until(&profile, |_, user| user["name"] == "Ann Other").await;
    let comment = json!({"text": "Hm"});
    send(one, "POST", &format!("{page}/comments"), &ann.token, &comment).await.expect(201);
    varnish.until(&thread, |_, thread| thread["items"][0]["comment"]["text"] == "Hm").await;
    let second = write(two, "second").await;
    varnish.until("/v1/feeds/public", |_, feed| feed["items"][0]["post"]["id"] == second.as_str()).await;
    send(one, "DELETE", &page, &ann.token, &Value::Null).await.expect(204);
    varnish.until(&page, |status, _| status == 404 || status == 410).await;
    varnish
        .until("/v1/feeds/public", |_, feed| feed["items"].as_array().is_some_and(|items| items.len() == 1))
        .await;

    // Nobody from outside purges by another method.
    assert_eq!(get(&varnish.address, "/purge", "").await.status, 404);
    let purges = cluster.instances[0].metric("kith_cdn_purges_total").await;
    assert!(purges.is_some_and(|purges| purges > 3.0), "{purges:?}");
}
