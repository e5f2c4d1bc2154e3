//! A provider that others wrote: `tests/issuer/provider.mjs`, a process of its own.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use tempfile::TempDir;

/// A running provider, with a client for each person.
pub struct Provider {
    pub issuer: String,
    child: Option<Child>,
    people: Vec<String>,
    folder: TempDir,
}

/// Where the provider and its packages are. The first call fetches them.
fn place() -> &'static Path {
    static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp is inside target");
        let place = target.join("issuer");
        std::fs::create_dir_all(&place).expect("a folder in the target folder");
        let lock = File::create(place.join("lock")).expect("a lock file");
        lock.lock().expect("the lock on target/issuer");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/issuer/fetch.sh");
        let fetch =
            Command::new("sh").arg(script).arg(target).stdin(Stdio::null()).output().expect("sh runs");
        assert!(fetch.status.success(), "{}", String::from_utf8_lossy(&fetch.stderr));
        place
    });
    &PLACE
}

impl Provider {
    pub fn start(people: &[String]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut provider = Self { issuer: String::new(), child: None, people: people.to_vec(), folder };
        provider.start_again();
        provider
    }

    /// Starts it where it was, with the keys that it had.
    pub fn start_again(&mut self) {
        let port = self.issuer.rsplit(':').next().filter(|port| !port.is_empty()).unwrap_or("0").to_owned();
        let mut child = Command::new("node")
            .arg(place().join("provider.mjs"))
            .args([port.as_str(), &self.folder.path().join("keys.json").display().to_string()])
            .args(&self.people)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("its first line");
        assert!(line.starts_with("http://127.0.0.1:"), "{line:?}");
        line.trim().clone_into(&mut self.issuer);
        self.child = Some(child);
    }

    /// Ends its process.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("its end");
            child.wait().expect("its end");
        }
    }

    async fn ask(&self, path: &str, form: Option<String>) -> String {
        let client = reqwest::Client::new();
        let url = format!("{}{path}", self.issuer);
        let request = match form {
            None => client.get(url),
            Some(form) => {
                client.post(url).header("content-type", "application/x-www-form-urlencoded").body(form)
            }
        };
        request.send().await.expect("an answer").text().await.expect("text")
    }

    /// A token for somebody, signed in that way.
    pub async fn token(&self, person: &str, algorithm: &str, scopes: &str) -> String {
        let form = format!(
            "grant_type=client_credentials&client_id={person}&client_secret=secret&resource=urn:kith:{algorithm}&scope={scopes}"
        );
        let answer = self.ask("/token", Some(form)).await;
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Puts new keys before the present ones.
    pub async fn rotate(&self) {
        assert_eq!(self.ask("/test/rotate", None).await, "done");
    }

    /// Puts new keys in the place of the present ones.
    pub async fn replace(&self) {
        assert_eq!(self.ask("/test/replace", None).await, "done");
    }

    /// How often its keys were asked for.
    pub async fn count(&self) -> usize {
        self.ask("/test/count", None).await.parse().expect("a number")
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop();
    }
}
