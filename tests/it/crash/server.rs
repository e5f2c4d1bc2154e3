//! The real binary as a process of its own, and the least that it takes to speak HTTP with it.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::text;

/// A Kith that serves a folder.
pub struct Server {
    child: Child,
    pub address: String,
    log: Log,
}

/// What the process wrote to its standard error.
struct Log {
    file: PathBuf,
    _folder: TempDir,
}

/// A start that came to nothing.
#[derive(Debug)]
pub struct Refusal {
    pub code: Option<i32>,
    pub message: String,
}

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub token: String,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Server {
    #[track_caller]
    pub fn start(folder: &Path) -> Self {
        Self::try_start(folder, "127.0.0.1:0").unwrap_or_else(|refusal| panic!("{refusal:?}"))
    }

    /// Starts it and waits until it says that it is ready, or has ended.
    pub fn try_start(folder: &Path, listen: &str) -> Result<Self, Refusal> {
        let kith = Command::new(env!("CARGO_BIN_EXE_kith"));
        Self::try_start_as(kith, folder, &[("KITH_HTTP__LISTEN", listen)])
    }

    /// Starts it with settings of its own.
    #[track_caller]
    pub fn start_with(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let kith = Command::new(env!("CARGO_BIN_EXE_kith"));
        Self::try_start_as(kith, folder, settings).unwrap_or_else(|refusal| panic!("{refusal:?}"))
    }

    /// Starts it by a command that becomes it, with settings of its own.
    pub fn try_start_as(
        mut command: Command,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self, Refusal> {
        let logs = TempDir::new().expect("a temporary folder");
        // Whoever becomes the process may be allowed less than this one.
        fs::set_permissions(logs.path(), fs::Permissions::from_mode(0o755)).expect("a folder to be in");
        let log = Log { file: logs.path().join("stderr"), _folder: logs };
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KITH_")) {
            command.env_remove(name);
        }
        let mut child = command
            .env("KITH_STORE__URI", format!("embedded:{}", folder.display()))
            .env("KITH_HTTP__LISTEN", "127.0.0.1:0")
            .env("KITH_RATE_LIMITS__ENABLED", "false")
            .envs(settings.iter().copied())
            // Where no kith.toml is.
            .current_dir(log.file.parent().expect("a folder"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log.file).expect("a file for standard error"))
            .spawn()
            .expect("the binary starts");
        let mut address = None;
        for line in BufReader::new(child.stdout.take().expect("its standard output")).lines() {
            let line = line.expect("text");
            if let Some(url) = line.trim().strip_prefix("API") {
                address = url
                    .trim()
                    .strip_prefix("http://")
                    .and_then(|url| url.strip_suffix("/v1"))
                    .map(str::to_owned);
            }
            if let (Some(address), true) = (&address, line.trim().starts_with("Data")) {
                return Ok(Self { address: address.clone(), child, log });
            }
        }
        let code = child.wait().expect("an exit code").code();
        Err(Refusal { code, message: log.read() })
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        self.log.read()
    }

    /// Ends it with SIGKILL, as a loss of power would but for what the system had not written yet.
    pub fn kill(mut self) {
        self.child.kill().expect("a process to kill");
        self.child.wait().expect("its end");
    }

    /// Asks it to end, with SIGTERM.
    pub fn terminate(&self) {
        let told = Command::new("kill").args(["-TERM", &self.id().to_string()]).status().expect("kill");
        assert!(told.success());
    }

    /// The memory that it holds, in kilobytes.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).expect("Linux tells");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has the line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Waits until it has ended by itself.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("its end")
    }

    pub fn register(&self, name: &str) -> Person {
        let password = "correct horse";
        let user = json!({"handle": name, "name": name, "password": password});
        let user = self.send("POST", "/v1/users", "", &[], &user).expect(201);
        let session = json!({"handle": name, "password": password});
        let session = self.send("POST", "/v1/sessions", "", &[], &session).expect(200);
        Person { id: text(&user["id"]), token: text(&session["access_token"]) }
    }

    #[track_caller]
    pub fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Reply {
        let reply = send(&self.address, method, path, token, headers, body);
        let reply = reply.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.log()));
        assert!(reply.status < 500, "{method} {path}: {}\n{}", reply.body, self.log());
        reply
    }

    #[track_caller]
    pub fn get(&self, path: &str, token: &str) -> Value {
        self.send("GET", path, token, &[], &Value::Null).expect(200)
    }

    /// A page that is no JSON.
    #[track_caller]
    pub fn text(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.write_all(head("GET", path, "", &[], 0).as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        body.to_owned()
    }

    /// All items of a list.
    pub fn walk(&self, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}?limit=100{cursor}"), "");
            items.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Log {
    fn read(&self) -> String {
        fs::read_to_string(&self.file).unwrap_or_default()
    }
}

impl Reply {
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

/// The head of a request that is the only one of its connection.
pub fn head(method: &str, path: &str, token: &str, headers: &[(&str, &str)], length: usize) -> String {
    let mut lines = vec![
        format!("{method} {path} HTTP/1.1"),
        "host: kith".to_owned(),
        "connection: close".to_owned(),
        "content-type: application/json".to_owned(),
        format!("content-length: {length}"),
    ];
    if !token.is_empty() {
        lines.push(format!("authorization: Bearer {token}"));
    }
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.join("\r\n") + "\r\n\r\n"
}

/// Sends a request. An answer that is not complete is an error: then nothing was acknowledged.
pub fn send(
    address: &str,
    method: &str,
    path: &str,
    token: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> io::Result<Reply> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(address)?;
    stream.write_all((head(method, path, token, headers, body.len()) + &body).as_bytes())?;
    receive(&mut stream)
}

pub fn receive(stream: &mut TcpStream) -> io::Result<Reply> {
    let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let answer = String::from_utf8(bytes).map_err(io::Error::other)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let length = |line: &str| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned);
    let length = head.lines().find_map(length).and_then(|length| length.parse().ok()).unwrap_or(0);
    if body.len() < length {
        return Err(broken());
    }
    let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body)? };
    Ok(Reply { status, body })
}
