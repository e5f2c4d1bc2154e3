//! The command line.

use std::{error::Error, io::Write, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use kith::{
    admin,
    app::{App, StartError},
    auth::Role,
    clock::Timestamp,
    config::Config,
    http::{probe, server},
    import::{ImportError, Report, ldbc, ldbc_updates, progress, seed},
    openapi, telemetry,
};

#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A graph-database backed social API.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (what happens without a command).
    Serve,
    /// Print the OpenAPI document.
    Openapi,
    /// Print the configuration in force, with secrets hidden.
    Config,
    /// Ask the Kith that the configuration describes whether it is ready: fails unless /health/ready answers 200.
    Health,
    /// Load a data set. What is loaded already stays as it is.
    Import {
        #[command(subcommand)]
        source: Source,
    },
    /// Make a world of people who follow, post, answer and like, and a demo user. The same options make the same world.
    Seed(SeedArguments),
    /// Give somebody a role, or take it away. A Kith that serves the graph knows of it within five seconds; an embedded
    /// graph is served by one process alone, which has to be stopped first.
    Grant {
        /// The handle of who gets it.
        handle: String,
        /// What they may do: `admin`s may ask the whole graph, `moderator`s decide about reports, and `admin`s do too.
        role: RoleArgument,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArgument {
    Admin,
    Moderator,
    None,
}

#[derive(Subcommand)]
enum Source {
    /// The sample of the LDBC Social Network Benchmark (Interactive v1, CSV basic).
    Ldbc {
        /// The folder with `dynamic`, `static` and `update_streams` in it.
        folder: PathBuf,
        /// Replay the update streams as well, through the writes of the API.
        #[arg(long)]
        updates: bool,
    },
}

#[derive(Args)]
struct SeedArguments {
    /// What the world grows from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    users: u32,
    /// On average.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    posts_per_user: u32,
    /// On average.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    follows_per_user: u32,
    /// When the newest things happened (RFC 3339); now if it is left out. All else counts 30 days back from it.
    #[arg(long, value_parser = moment)]
    until: Option<Timestamp>,
    /// The password of the demo user. Give another where strangers can reach the API.
    #[arg(long, default_value = "look-around", value_parser = password)]
    password: String,
}

fn main() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    // Deeply nested statements need more than the 2 MiB that a thread has otherwise.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(8 << 20).build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(command)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nothing can be written, the exit code has to do.
            let _ = writeln!(std::io::stderr(), "kith: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    let config = Config::load().map_err(StartError::Config)?;
    match command {
        Command::Config => {
            println!("{}", config.to_toml());
            Ok(())
        }
        Command::Health => probe::probe(&config.http.listen).await,
        Command::Openapi => {
            let document = openapi::document(&App::for_document()?);
            println!("{}", serde_json::to_string_pretty(&document).unwrap_or_default());
            Ok(())
        }
        Command::Serve => {
            telemetry::log_to_stderr(&config.log);
            let metrics = telemetry::install_metrics();
            let app = App::start(config).await?;
            let (store, docs) = (app.config.store.uri.clone(), app.config.http.public_url.clone());
            let started = |address: SocketAddr| {
                let url = docs.unwrap_or_else(|| format!("http://{address}"));
                let version = env!("CARGO_PKG_VERSION");
                let block = format!(
                    "Kith {version} is ready.\n  API         {url}/v1\n  Swagger UI  {url}/docs\n  Data        {store}\n"
                );
                // Whoever started Kith may have stopped listening; that is no reason not to serve.
                let _ = std::io::stdout().write_all(block.as_bytes());
            };
            Ok(server::serve(app, metrics, told_to_stop(), started).await?)
        }
        Command::Import { source: Source::Ldbc { folder, updates } } => {
            let sample = ldbc::Sample::read(&folder)?;
            let updates = if updates { Some(ldbc_updates::Updates::read(&folder)?) } else { None };
            fill(config, async |app| {
                let progress = progress::to_stderr();
                println!("{}", sample.load(&app.store, &*progress).await?);
                match updates {
                    Some(updates) => updates.replay(&app.store, &*progress).await.map(Some),
                    None => Ok(None),
                }
            })
            .await
        }
        Command::Seed(arguments) => {
            let options = arguments.options();
            fill(config, async |app| seed::seed(app, &options, &*progress::to_stderr()).await.map(Some)).await
        }
        Command::Grant { handle, role } => grant(config, &handle, role).await,
    }
}

/// Opens the store for something that fills it, prints what it did, and closes the store whatever happens.
async fn fill(
    mut config: Config,
    work: impl AsyncFnOnce(&App) -> Result<Option<Report>, ImportError>,
) -> Result<(), Box<dyn Error>> {
    telemetry::log_to_stderr(&config.log);
    // Nobody waits for an answer here, and a batch takes longer than what a request does.
    config.store.timeout = config.store.timeout.max(Duration::from_mins(1));
    let app = App::start(config).await?;
    let result: Result<_, Box<dyn Error>> = tokio::select! {
        result = work(&app) => result.map_err(Into::into),
        () = told_to_stop() => Err("interrupted. What was loaded stays, and another run goes on from there".into()),
    };
    app.store.close().await;
    if let Some(report) = result? {
        println!("{report}");
    }
    Ok(())
}

/// Gives somebody a role, and says so.
async fn grant(config: Config, handle: &str, role: RoleArgument) -> Result<(), Box<dyn Error>> {
    telemetry::log_to_stderr(&config.log);
    let app = App::start(config).await?;
    let role = match role {
        RoleArgument::Admin => Some(Role::Admin),
        RoleArgument::Moderator => Some(Role::Moderator),
        RoleArgument::None => None,
    };
    let done = admin::grant(&app, handle, role).await;
    app.store.close().await;
    let handle = handle.trim().trim_start_matches('@');
    match done {
        Err(kith::error::Error::UserNotFound) => Err(format!("there is no user @{handle}").into()),
        Err(error) => Err(error.into()),
        Ok(()) => {
            println!("@{handle} has {} now.", role.map_or("no role", Role::with_article));
            Ok(())
        }
    }
}

impl SeedArguments {
    fn options(self) -> seed::Options {
        let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
        seed::Options {
            seed: self.seed,
            users: size(self.users),
            posts_per_user: size(self.posts_per_user),
            follows_per_user: size(self.follows_per_user),
            until: self.until,
            password: self.password,
        }
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let moment = chrono::DateTime::parse_from_rfc3339(text).map_err(|error| error.to_string())?;
    Ok(Timestamp(moment.timestamp_micros()))
}

fn password(text: &str) -> Result<String, &'static str> {
    let mut errors = Vec::new();
    kith::users::rules::password(text, &mut errors);
    if errors.is_empty() { Ok(text.to_owned()) } else { Err("must have 10 to 128 characters") }
}

/// Resolves on SIGINT and SIGTERM.
async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
