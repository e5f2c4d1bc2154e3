//! A Kith on an embedded graph of its own, in this process.

use std::sync::{Arc, OnceLock};

use kith::{
    app::App,
    config::{Config, Secret},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// One for all runs of a target.
pub struct Kith {
    pub runtime: Runtime,
    pub app: Arc<App>,
    _folder: TempDir,
}

/// The one of this process.
pub fn kith(change: impl FnOnce(&mut Config)) -> &'static Kith {
    static KITH: OnceLock<Kith> = OnceLock::new();
    KITH.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .thread_stack_size(8 << 20)
            .build()
            .expect("a runtime");
        let folder = TempDir::new().expect("a folder");
        let mut config = Config::defaults();
        config.store.uri = format!("embedded:{}", folder.path().display());
        config.auth.signing_key = Secret::new("A".repeat(43));
        config.rate_limits.enabled = false;
        change(&mut config);
        let app = runtime.block_on(async { Box::pin(App::start(config)).await }).expect("Kith starts");
        Kith { runtime, app, _folder: folder }
    })
}
