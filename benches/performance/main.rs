//! `just bench`: makes the worlds, starts the servers, loads them, and writes `docs/performance.md` with its plots.
//!
//! Everything is measured in one run on one machine, beside a bare poem handler that answers the same bytes. Nothing
//! of it is a test: numbers of one machine are no reason for another to fail.

/// The same count of statements as that of the tests.
#[path = "../../tests/it/counted.rs"]
mod counted;
mod crowd;
mod growth;
mod load;
/// The same real server that the tests use.
#[path = "../../tests/it/neo4j.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod neo4j;
mod plot;
mod report;
mod server;
mod statements;
mod targets;
mod trust;
mod turns;
mod viewer;
mod world;

use std::{error::Error, path::PathBuf, time::Duration};

use clap::Parser;

use crate::{
    load::Case,
    report::{Report, Scene},
    server::{Engine, Process},
    world::{CELEBRITY, DEEP_HOME, FAR_FEED, HOME, ONE_PERSON, PUBLIC, WIDE_FEED, World, plain},
};

/// The same as that of Kith, for the bare handler beside it.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What the worlds have in common.
const POSTS_PER_USER: u32 = 20;
const FOLLOWS_PER_USER: u32 = 30;

/// How often Kith and the bare handler take turns where answers are kept, and what of a load each turn is. Where each answer
/// takes long, a short turn would see few of them.
/// One second of this machine is not as the next: six turns scattered by a twentieth. So the home feed, of which most is
/// wanted, takes twice as many.
const TURNS: u32 = 12;
const TURN: u32 = 3;

/// How many times as long a load lasts whose answers take a second each.
const SLOW: u32 = 5;

/// What is measured in worlds of its own.
const GROWTH: &str = "growth";
const TRUST: &str = "trust";

#[derive(Parser)]
struct Options {
    /// Sizes of the worlds, in users.
    #[arg(long, value_delimiter = ',', default_values_t = [2_000, 20_000])]
    users: Vec<u32>,
    /// The stores to measure.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Engine::Embedded, Engine::Neo4j])]
    stores: Vec<Engine>,
    /// How long each load lasts, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How long the mix of reads and writes lasts, in seconds.
    #[arg(long, default_value_t = 300)]
    mix: u64,
    /// Only loads and statements whose name contains this. Nothing is written to docs then.
    #[arg(long)]
    only: Option<String>,
    /// Build Kith from nothing as well, and say how long that takes.
    #[arg(long)]
    build: bool,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
    /// Serve the bytes of this file, and nothing else: what the other process of a comparison does.
    #[arg(long, hide = true)]
    serve: Option<PathBuf>,
    /// How many copies of these bytes it has.
    #[arg(long, hide = true, default_value_t = 1)]
    copies: usize,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    /// Whether anything is wanted of one world alone.
    fn wants_worlds(&self) -> bool {
        self.only.as_deref().is_none_or(|only| ![GROWTH, TRUST].contains(&only))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(8 << 20).build()?;
    if let Some(file) = options.serve {
        return runtime.block_on(server::serve_bytes(&file, options.copies));
    }
    let report = runtime.block_on(measure(&options))?;
    let page = report.to_markdown(&targets::of(&report));
    println!("\n{page}");
    if options.only.is_none() {
        report.write(&page)?;
    }
    Ok(())
}

async fn measure(options: &Options) -> Result<Report, Box<dyn Error>> {
    let mut report = Report::of_this_machine(options.seconds);
    if options.build {
        report.build = Some(server::build_from_nothing()?);
    }
    report.at_rest = Some(server::at_rest()?);
    for &users in options.users.iter().filter(|_| options.wants_worlds()) {
        for &engine in &options.stores {
            eprintln!("== {users} users, {engine}");
            let is_largest = users > 10_000 && options.users.iter().all(|other| *other <= users);
            let (world, app) = World::prepare(engine, users, is_largest).await?;
            let scene = report.scene(&world);
            scene.statements = statements::measure(&world, &app, |name| options.wants(name)).await?;
            let kith = world.serve(app).await?;
            measure_world(&world, kith, scene, options).await?;
        }
    }
    if let [small, .., large] = options.users[..]
        && options.wants(GROWTH)
    {
        eprintln!("== {GROWTH}");
        for &engine in &options.stores {
            let duration = Duration::from_secs(options.seconds);
            report.growth.push(growth::growth(engine, [small, large], duration).await?);
        }
    }
    if options.wants(TRUST) {
        let (users, duration) = (options.users.iter().copied().min(), Duration::from_secs(options.seconds));
        let users = users.ok_or("no world")?;
        eprintln!("== {TRUST}");
        report.tokens = trust::tokens(users).await?;
        for &engine in &options.stores {
            report.privacy.push((engine, trust::privacy(engine, users, duration).await?));
            report.floods.push((engine, trust::flood(engine, users, duration).await?));
        }
    }
    Ok(report)
}

/// Loads a world, without a cache and with one.
async fn measure_world(
    world: &World,
    kith: Process,
    scene: &mut Scene,
    options: &Options,
) -> Result<(), Box<dyn Error>> {
    let duration = Duration::from_secs(options.seconds);
    let load = |kith: &Process, case: &Case, turn: Duration, turns: u32| {
        let measured = load::compare(kith, world.database_process(), case, turn, turns)?;
        eprintln!("{:<24} {measured}", case.name);
        Ok::<_, Box<dyn Error>>((case.name, measured))
    };
    // What the first costs beside the second, if both are in this world.
    let beside = |kith: &Process, cases: &[Case], names: [&'static str; 2], turn: Duration, turns: u32| {
        let sides = names.map(|name| world.side(kith, cases, name));
        let [Some(one), Some(other)] = sides else { return Ok(None) };
        let [one, other] = load::costs([&one, &other], turn, turns)?;
        eprintln!("{} {one:.4} ms, {} {other:.4} ms", names[0], names[1]);
        Ok::<_, Box<dyn Error>>(Some((names[0], one / other)))
    };
    let cases = world.cases(&kith)?;
    // What writes comes last, or the others would read what was written.
    for is_read in [true, false] {
        for case in cases.iter().filter(|case| case.is_read() == is_read && options.wants(case.name)) {
            let times = if case.name == WIDE_FEED { SLOW } else { 1 };
            scene.loads.push(load(&kith, case, duration * times, 1)?);
        }
        let pairs: &[_] =
            if is_read { &[[DEEP_HOME, HOME], [FAR_FEED, PUBLIC]] } else { &[[CELEBRITY, ONE_PERSON]] };
        for names in pairs.iter().filter(|names| options.wants(names[0])) {
            scene.beside.extend(beside(&kith, &cases, *names, duration, TURNS / TURN)?);
        }
    }
    scene.memory_under_load = kith.resident();
    let kith = world.serve_cached(kith)?;
    eprintln!("-- with a cache");
    let cases = world.cases(&kith)?;
    for case in cases.iter().filter(|case| case.is_read() && options.wants(case.name)) {
        let turns = if case.name == HOME { TURNS * 2 } else { TURNS };
        scene.cached.push(load(&kith, case, duration / TURN, turns)?);
    }
    if options.wants(WIDE_FEED) {
        scene.beside.extend(beside(&kith, &cases, [WIDE_FEED, HOME], duration / TURN, TURNS)?);
    }
    scene.memory_cached = kith.resident();
    if let Some(crowd) = &world.crowd
        && options.wants("crowd")
    {
        // In a Kith of its own, so that what is kept is of this alone.
        let kith = world.serve_cached(kith)?;
        scene.statements_of_a_post = Some(crowd.statements_of_a_post(&kith).await.map_err(plain)?);
        eprintln!("-- a mix");
        let duration = Duration::from_secs(options.mix);
        scene.mix = Some(crowd::mix(&kith, world.people.clone(), duration).await.map_err(plain)?);
        eprintln!("{:?} {:?}", scene.statements_of_a_post, scene.mix);
    }
    Ok(())
}
