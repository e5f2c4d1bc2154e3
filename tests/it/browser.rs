//! A person's way in: headless Chromium opens `/docs` of a running Kith, and somebody registers, logs in, posts and
//! reads there. `tests/judges/browser.mjs` walks it and looks at what the page shows; pictures of each step are left in
//! `target/browser/`.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    crash::server::Server,
    judges::tools::{ask, folder, node, source, workplace},
};

#[test]
fn somebody_registers_posts_and_reads_in_swagger_ui() {
    let browser = browser();
    let pictures = folder().with_file_name("browser");
    let _ = fs::remove_dir_all(&pictures);
    fs::create_dir_all(&pictures).expect("a folder for pictures");
    let (script, data) = (workplace(), TempDir::new().expect("a temporary folder"));
    let program = script.path().join("browser.mjs");
    fs::copy(source("browser.mjs"), &program).expect("a copy");

    let kith = Server::start(data.path());
    let said =
        ask(node(&program).arg(format!("http://{}", kith.address)).arg(browser).arg(&pictures)).approves();
    assert_eq!(said, "done\n", "{}", kith.log());
    assert!(
        fs::read_dir(&pictures).is_ok_and(|files| files.count() > 8),
        "pictures in {}",
        pictures.display()
    );
}

/// Chromium, which the system has.
fn browser() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)))
        .find(|program| Path::new(program).is_file())
        .expect("chromium in the PATH (Debian: apt-get install chromium)")
}
