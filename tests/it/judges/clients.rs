//! Clients that others generate from the description: they pass the checks of their languages, and work.

use std::fs;

use tempfile::TempDir;

use super::tools::{ask, description, node, python, source, workplace};
use crate::crash::server::Server;

#[test]
fn a_typescript_client_is_typed_and_works() {
    let (folder, data) = (workplace(), TempDir::new().expect("a temporary folder"));
    ask(node("openapi-typescript/bin/cli.js")
        .arg(description())
        .arg("--output")
        .arg(folder.path().join("kith.d.ts")))
    .approves();
    for file in ["client.ts", "tsconfig.json"] {
        fs::copy(source(file), folder.path().join(file)).expect("a copy");
    }
    ask(node("typescript/bin/tsc").arg("--project").arg(folder.path())).approves();

    let kith = Server::start(data.path());
    let session =
        node(folder.path().join("built/client.js")).arg(format!("http://{}", kith.address)).session();
    assert_eq!(session, "done\n", "{}", kith.log());
}

#[test]
fn a_python_client_is_generated_without_a_warning_and_works() {
    let (folder, data) = (workplace(), TempDir::new().expect("a temporary folder"));
    let made = ask(python("openapi-python-client")
        .args(["generate", "--meta=none", "--fail-on-warning", "--path"])
        .arg(description())
        .arg("--config")
        .arg(source("python-client.yaml"))
        .arg("--output-path")
        .arg(folder.path().join("kith_client")))
    .approves();
    assert!(!made.to_lowercase().contains("warning"), "{made}");
    fs::copy(source("client.py"), folder.path().join("client.py")).expect("a copy");

    let kith = Server::start(data.path());
    let session = python("python")
        .arg(folder.path().join("client.py"))
        .arg(format!("http://{}", kith.address))
        .session();
    assert_eq!(session, "done\n", "{}", kith.log());
}

trait Session {
    /// What a client says that has come to its end.
    fn session(&mut self) -> String;
}

impl Session for std::process::Command {
    #[track_caller]
    fn session(&mut self) -> String {
        ask(self).approves()
    }
}
