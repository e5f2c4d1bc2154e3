//! The files of the deployment: by the judges of their formats, and against each other and Kith's own defaults.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use kith::config::{Config, Secret};
use serde_yaml::Value;
use tempfile::TempDir;

use super::{
    cluster::kith,
    tools::{promtool, python_tool, read, repository, succeed},
};
use crate::neo4j;

/// The services of `docker-compose.yml`, with what they take over from others filled in.
fn services() -> BTreeMap<String, Value> {
    let mut file: Value = serde_yaml::from_str(&read("docker-compose.yml")).expect("YAML");
    // What is merged may itself merge.
    for _ in 0..2 {
        file.apply_merge().expect("merge keys");
    }
    let services = file["services"].as_mapping().expect("services").iter();
    services.map(|(name, service)| (name.as_str().expect("a name").to_owned(), service.clone())).collect()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_sequence().into_iter().flatten().map(|text| text.as_str().expect("text").to_owned()).collect()
}

/// `30s`, `2m`, `512m`: the number of a value with that unit.
fn number(value: &str, unit: &str) -> u64 {
    value
        .strip_suffix(unit)
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{value} in {unit}"))
}

#[test]
fn the_compose_file_is_one() {
    let compose = repository("docker-compose.yml");
    succeed(python_tool("check-jsonschema").args(["--builtin-schema", "vendor.compose-spec"]).arg(compose));
}

#[test]
fn the_dockerfile_has_no_finding_and_copies_what_is_there() {
    let file = repository("Dockerfile");
    let findings = succeed(python_tool("hadolint").arg("--no-color").arg(&file));
    assert_eq!(findings, "");
    let (text, ignored) = (read("Dockerfile"), read(".dockerignore"));
    let copies =
        text.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.contains("--from"));
    for copy in copies {
        let mut words: Vec<&str> = copy.split(' ').collect();
        words.pop();
        for word in words {
            assert!(repository(word).exists(), "there is no {word}");
            let is_let_in = ignored.lines().any(|line| {
                line.strip_prefix('!').is_some_and(|let_in| word.starts_with(let_in.trim_end_matches('*')))
            });
            assert!(is_let_in, ".dockerignore keeps {word} out");
        }
    }
}

#[test]
fn prometheus_takes_its_configuration_and_the_alerts_fire_when_they_must() {
    let folder = repository("deploy/prometheus");
    let promtool = |arguments: &[&str]| succeed(promtool().args(arguments).current_dir(&folder));
    promtool(&["check", "config", "prometheus.yml"]);
    promtool(&["check", "rules", "--lint-fatal", "kith.rules.yml"]);
    promtool(&["test", "rules", "kith.rules.test.yml"]);
}

#[test]
fn every_alert_has_its_case_and_its_section_in_the_runbook() {
    let rules: Value = serde_yaml::from_str(&read("deploy/prometheus/kith.rules.yml")).expect("YAML");
    let (runbook, cases) = (read("docs/runbook.md"), read("deploy/prometheus/kith.rules.test.yml"));
    let alerts = rules["groups"][0]["rules"].as_sequence().expect("rules");
    for alert in alerts {
        let name = alert["alert"].as_str().expect("a name");
        let link = alert["annotations"]["runbook_url"].as_str().expect("a link");
        assert_eq!(link, format!("docs/runbook.md#{}", name.to_lowercase()));
        assert!(runbook.contains(&format!("\n## {name}\n")), "{name} is not in the runbook");
        let fires = format!("alertname=\"{name}\", alertstate=\"firing\"");
        assert!(cases.contains(&fires) || name == "KithInstanceDown", "{name} has no case in which it fires");
        for annotation in ["summary", "description"] {
            assert!(alert["annotations"][annotation].as_str().is_some_and(|text| text.len() > 20), "{name}");
        }
    }
    assert!(alerts.len() >= 7);
}

#[test]
fn every_service_is_pinned_bounded_watched_and_not_open_to_the_world() {
    for (name, service) in services() {
        let image = service["image"].as_str().expect("an image");
        let tag = image.rsplit_once(':').expect("a tag").1;
        assert!(tag.matches('.').count() >= 2, "{name}: {image} is no exact version");
        let once = name == "preflight";
        assert_eq!(service["restart"], if once { "no" } else { "unless-stopped" }, "{name}");
        assert!(service["mem_limit"].is_string(), "{name} has no bound");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        assert!(service["read_only"] == true || name == "neo4j", "{name} can write to its image");
        let is_own = name.starts_with("kith-");
        assert!(service["healthcheck"].is_mapping() || is_own || once, "{name} has no health check");
        for port in texts(&service["ports"]) {
            let is_bound = port.starts_with("127.0.0.1:") || port.starts_with("${KITH_BIND:-127.0.0.1}:");
            assert!(is_bound, "{name} publishes {port}");
        }
        for mount in texts(&service["volumes"]) {
            if let Some((file, _)) = mount.strip_prefix("./").and_then(|mount| mount.split_once(':')) {
                assert!(repository(file).exists() && mount.ends_with(":ro"), "{name} mounts {mount}");
            }
        }
    }
    assert!(read("Dockerfile").contains("HEALTHCHECK"), "the image of Kith brings its own");
}

/// Figures that stand in several files, and would drift.
#[test]
fn the_limits_agree_with_those_of_kith() {
    let (config, services, nginx) = (Config::defaults(), services(), read("deploy/nginx/nginx.conf"));
    let directive = |name: &str| {
        let found = nginx.lines().find_map(|line| line.trim().strip_prefix(name)?.trim().strip_suffix(';'));
        found.unwrap_or_else(|| panic!("{name} in nginx.conf")).to_owned()
    };
    assert_eq!(directive("client_max_body_size").parse(), Ok(config.limits.body_bytes));
    assert!(nginx.contains(&format!("larger than {} bytes", config.limits.body_bytes)));
    assert!(number(&directive("proxy_read_timeout"), "s") > config.http.request_timeout.as_secs());
    for instance in ["kith-1", "kith-2"] {
        let service = &services[instance];
        let grace = number(service["stop_grace_period"].as_str().expect("a period"), "s");
        assert!(grace > config.http.shutdown_timeout.as_secs());
        let memory = number(service["mem_limit"].as_str().expect("a limit"), "m");
        assert!(
            read("deploy/prometheus/kith.rules.yml").contains(&format!("> 0.85 * {memory} * 1024 * 1024"))
        );
        assert!(nginx.contains(&format!("server {instance}:3000 resolve")));
        assert!(read("deploy/prometheus/prometheus.yml").contains(&format!("{instance}:3000")));
        assert_eq!(service["environment"]["KITH_AUTH__SIGNING_KEY"], "${KITH_SIGNING_KEY:-}");
        assert_eq!(service["depends_on"]["preflight"]["condition"], "service_completed_successfully");
    }
    assert!(read("Dockerfile").contains("rust:1.95"), "the Rust that Cargo.toml asks for");
    let image = services["kith-1"]["image"].as_str().expect("an image").to_owned();
    assert_eq!(image, format!("kith:{}", env!("CARGO_PKG_VERSION")));
    let jars = read("tests/neo4j/pom.xml");
    let neo4j = services["neo4j"]["image"].as_str().expect("an image");
    let version =
        neo4j.strip_prefix("neo4j:").and_then(|tag| tag.strip_suffix("-community")).expect("a version");
    assert!(
        jars.contains(&format!("<version>{version}</version>")),
        "the tests run on the Neo4j that is deployed"
    );
    let broker = services["nats"]["image"].as_str().expect("an image");
    let tested = read("tests/deployment/nats.version");
    assert_eq!(broker, format!("nats:{}-alpine", tested.trim().trim_start_matches('v')));
    // Only Neo4j, without any secret: what else it needs would be started with it.
    assert!(services["neo4j"]["depends_on"].is_null());
    assert!(
        !read("docker-compose.yml").contains(":?"),
        "a variable that must be set would stop Neo4j alone too"
    );
}

/// What the preflight of the deployment says with these variables, or nothing if it lets the start go on.
fn refused(variables: &[(&str, &str)]) -> Option<String> {
    let mut sh = Command::new("sh");
    sh.arg(repository("deploy/preflight.sh"))
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let output = sh.envs(variables.iter().copied()).output().expect("sh runs");
    (!output.status.success()).then(|| String::from_utf8(output.stderr).expect("text"))
}

#[test]
fn a_start_without_its_secrets_is_refused_and_a_made_env_has_them() {
    let folder = TempDir::new().expect("a temporary folder");
    let run = || {
        let mut sh = Command::new("sh");
        sh.arg(repository("deploy/make-env.sh")).current_dir(folder.path()).output().expect("sh runs")
    };
    let made = run();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let file = folder.path().join(".env");
    let text = fs::read_to_string(&file).expect(".env");
    assert_eq!(mode(&file), 0o600, "nobody else reads it");
    assert!(!run().status.success(), "a second run changes nothing");
    assert_eq!(fs::read_to_string(&file).expect(".env"), text);
    let all: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('=')).collect();
    assert_eq!(all.len(), 3);
    assert_eq!(refused(&all), None);

    for (place, (name, _)) in all.iter().enumerate() {
        let bad_ones: &[&str] = if *name == "KITH_SIGNING_KEY" {
            &["", "short", "+23456789012345678901234567890123456789012+"]
        } else {
            &["", "short", "kith-development"]
        };
        for bad in bad_ones {
            let mut variables = all.clone();
            variables[place].1 = bad;
            let said = refused(&variables).unwrap_or_else(|| panic!("{name}={bad} is let through"));
            assert!(said.contains(name) && said.lines().count() == 1, "{said}");
            assert!(bad.is_empty() || !said.contains(bad) || *bad == "short", "{said}");
        }
    }
    assert_eq!(refused(&[]).expect("a refusal").lines().count(), 3, "each that is missing is named");

    // Kith takes the key as well; and without one it does not make its own where it cannot keep it.
    let mut config = Config::defaults();
    config.auth.signing_key = Secret::new(all[0].1);
    assert!(kith::auth::Keys::configured(&config).is_ok(), "{}", all[0].1);
    std::os::unix::fs::symlink("nowhere", folder.path().join("data"))
        .expect("no folder, and none can be made");
    let output = kith(folder.path(), neo4j::uri(), "127.0.0.1:0")
        .env_remove("KITH_AUTH__SIGNING_KEY")
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("auth.signing_key: it is empty") && said.contains("KITH_AUTH__SIGNING_KEY"),
        "{said}"
    );
}

fn mode(file: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(file).expect("a file").permissions()) & 0o777
}
