//! The command line.

use std::{net::SocketAddr, process::ExitCode};

use clap::{Parser, Subcommand};
use kith::{
    app::{App, StartError},
    config::Config,
    http::server,
    openapi, telemetry,
};

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
            eprintln!("kith: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), StartError> {
    let config = Config::load()?;
    match command {
        Command::Config => {
            println!("{}", config.to_toml());
            Ok(())
        }
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
                println!("Kith {} is ready.", env!("CARGO_PKG_VERSION"));
                println!("  API         {url}/v1");
                println!("  Swagger UI  {url}/docs");
                println!("  Data        {store}");
            };
            server::serve(app, metrics, told_to_stop(), started).await
        }
    }
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
