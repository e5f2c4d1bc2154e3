//! Two Kiths on one Neo4j, and nginx before them with the configuration that `docker-compose.yml` mounts.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{client, tools};
use crate::support::{Person, address_of, text};

const START_LIMIT: Duration = Duration::from_mins(2);

/// A process that ends when it is dropped.
pub struct Process(Child);

impl Process {
    pub fn spawn(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Its end, if it has come.
    pub fn ended(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Ends it at once, with SIGKILL.
    pub fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One Kith. It keeps its address over a restart.
pub struct Instance {
    process: Process,
    pub address: String,
    store: String,
    settings: Vec<(&'static str, String)>,
    folder: PathBuf,
}

impl Instance {
    fn start(folder: PathBuf, store: &str, listen: &str, settings: Vec<(&'static str, String)>) -> Self {
        fs::create_dir_all(&folder).expect("a folder for an instance");
        let log = File::options().append(true).create(true).open(folder.join("log")).expect("a log file");
        let mut command = kith(&folder, store, listen);
        command.envs(settings.iter().cloned());
        let mut process = Process::spawn(command.stdout(Stdio::piped()).stderr(log));
        let receiver = address_of(process.0.stdout.take().expect("a piped output"));
        let address = receiver.recv_timeout(START_LIMIT).unwrap_or_else(|error| {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            panic!("Kith does not say where it listens: {error}\n{log}")
        });
        Self { process, address, store: store.to_owned(), settings, folder }
    }

    pub fn kill(&mut self) {
        self.process.kill();
    }

    pub fn restart(&mut self) {
        self.kill();
        *self = Self::start(self.folder.clone(), &self.store, &self.address, self.settings.clone());
    }

    /// Its log: a JSON object a line.
    pub fn log(&self) -> Vec<Value> {
        objects(&self.folder.join("log"))
    }

    /// The sum of a metric over its labels; nothing, if it is not there.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let page = client::get(&self.address, "/metrics", "").await;
        let values = page.text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name).filter(|rest| rest.starts_with([' ', '{']))?;
            rest.rsplit_once(' ')?.1.parse::<f64>().ok()
        });
        values.reduce(|one, other| one + other)
    }

    /// What `kith health` says with the same configuration.
    pub fn health(&self) -> Output {
        kith(&self.folder, &self.store, &self.address)
            .arg("health")
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs")
    }
}

/// The binary, configured as the image and `docker-compose.yml` do.
pub fn kith(folder: &Path, store: &str, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kith"));
    // What the tests themselves are told is nothing to the binary.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KITH_")) {
        command.env_remove(name);
    }
    command
        .env("KITH_HTTP__LISTEN", listen)
        .env("KITH_RATE_LIMITS__ENABLED", "false")
        .env("KITH_LOG__FORMAT", "json")
        .env("KITH_STORE__URI", store)
        // The machine is shared by all tests at once.
        .env("KITH_STORE__TIMEOUT", "60")
        .env("KITH_AUTH__SIGNING_KEY", "B".repeat(42) + "A")
        .current_dir(folder);
    command
}

pub struct Nginx {
    process: Process,
    pub address: String,
    log: PathBuf,
}

pub struct Cluster {
    pub instances: [Instance; 2],
    pub nginx: Nginx,
    pub folder: TempDir,
}

impl Cluster {
    pub fn start(store: &str) -> Self {
        Self::with(store, &[])
    }

    /// Instances with further settings, by the names of their variables.
    pub fn with(store: &str, settings: &[(&'static str, String)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let instance =
            |name: &str| Instance::start(folder.path().join(name), store, "127.0.0.1:0", settings.to_vec());
        let instances = [instance("kith-1"), instance("kith-2")];
        let nginx = Nginx::start(&folder.path().join("nginx"), &instances);
        Self { instances, nginx, folder }
    }

    /// The addresses of both instances.
    pub fn addresses(&self) -> [&str; 2] {
        [&self.instances[0].address, &self.instances[1].address]
    }
}

impl Nginx {
    fn start(folder: &Path, instances: &[Instance; 2]) -> Self {
        fs::create_dir_all(folder).expect("a folder for nginx");
        for attempt in 1.. {
            let address = format!("127.0.0.1:{}", tools::free_port());
            let file = folder.join("nginx.conf");
            fs::write(&file, configuration(&address, instances)).expect("a configuration");
            let log = folder.join("log");
            let output = File::create(&log).expect("a log file");
            let mut nginx = tools::nginx();
            nginx.arg("-p").arg(folder).args(["-e", "/dev/stderr", "-c"]).arg(&file);
            let mut test = Command::new(nginx.get_program());
            tools::succeed(test.args(nginx.get_args()).arg("-t"));
            let errors = File::create(folder.join("errors")).expect("a log file");
            let mut process = Process::spawn(
                nginx.args(["-g", "daemon off; master_process off;"]).stdout(output).stderr(errors),
            );
            let started = Instant::now();
            while started.elapsed() < START_LIMIT && !process.ended() {
                if std::net::TcpStream::connect(&address).is_ok() {
                    return Self { process, address, log };
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            // Somebody else may have taken the port meanwhile.
            let errors = fs::read_to_string(folder.join("errors")).unwrap_or_default();
            assert!(attempt < 3 && errors.contains("in use"), "nginx does not start\n{errors}");
        }
        unreachable!("the third attempt answers or fails")
    }

    /// The log of requests.
    pub fn log(&self) -> Vec<Value> {
        objects(&self.log)
    }

    /// The line of a request, which is written after its answer.
    pub async fn line(&self, request_id: &str) -> Value {
        for _ in 0..200 {
            if let Some(line) = self.log().into_iter().find(|line| line["request_id"] == request_id) {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nginx has no line for {request_id}: {:?}", self.log())
    }

    pub fn kill(&mut self) {
        self.process.kill();
    }
}

/// The file that is mounted, with other addresses and nothing else changed.
fn configuration(listen: &str, instances: &[Instance; 2]) -> String {
    let mut file = tools::read("deploy/nginx/nginx.conf");
    let changes = [
        ("listen 8080;", format!("listen {listen};")),
        ("server kith-1:3000 resolve ", format!("server {} ", instances[0].address)),
        ("server kith-2:3000 resolve ", format!("server {} ", instances[1].address)),
    ];
    for (from, to) in changes {
        assert_eq!(file.matches(from).count(), 1, "{from} in nginx.conf");
        file = file.replace(from, &to);
    }
    file
}

/// The JSON objects of a log, without a last line that is being written.
fn objects(file: &Path) -> Vec<Value> {
    let log = fs::read_to_string(file).unwrap_or_default();
    let whole = log.rfind('\n').map_or("", |end| &log[..end]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// Registers somebody at an address, and logs them in.
pub async fn person(address: &str, name: &str) -> Person {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let handle = format!("{name}_d{:x}_{count:x}", std::process::id());
    let user = json!({"handle": handle, "name": name, "password": "correct horse"});
    let user = client::send(address, "POST", "/v1/users", "", &user).await.expect(201);
    let session = json!({"handle": handle, "password": "correct horse"});
    let session = client::send(address, "POST", "/v1/sessions", "", &session).await.expect(200);
    Person { id: text(&user["id"]), handle, token: text(&session["access_token"]) }
}
