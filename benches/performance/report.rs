//! What `docs/performance.md` says.

use std::{
    error::Error,
    fmt::{Display, Write},
    fs,
    path::{Path, PathBuf},
};

use kith::clock::Clock;

use crate::{
    SLOW, TURN, TURNS,
    crowd::Mix,
    growth::Growth,
    load::Load,
    plot,
    server::{AtRest, Build, Engine},
    statements::Measured,
    trust::{self, Flood, Privacy, Token},
    turns::{AT_MOST, QUIET},
    world::World,
};

pub struct Report {
    seconds: u64,
    machine: String,
    pub build: Option<Build>,
    pub at_rest: Option<AtRest>,
    pub scenes: Vec<Scene>,
    pub growth: Vec<Growth>,
    pub privacy: Vec<(Engine, Privacy)>,
    pub tokens: Vec<Token>,
    pub floods: Vec<(Engine, Flood)>,
}

/// One world on one store.
pub struct Scene {
    pub engine: Engine,
    pub users: u32,
    pub statements: Vec<Measured>,
    pub loads: Vec<(&'static str, Load)>,
    /// CPU time of a request beside another's, by the name of the first: they were asked for in turn.
    pub beside: Vec<(&'static str, f64)>,
    pub memory_under_load: u64,
    /// The same reads from a Kith with a cache.
    pub cached: Vec<(&'static str, Load)>,
    pub memory_cached: u64,
    pub statements_of_a_post: Option<u64>,
    pub mix: Option<Mix>,
}

impl Scene {
    pub fn name(&self) -> String {
        format!("{}, {} users", self.engine, grouped(u64::from(self.users)))
    }

    /// A read from a Kith with a cache.
    pub fn kept(&self, name: &str) -> Option<&Load> {
        self.cached.iter().find(|(known, _)| *known == name).map(|(_, load)| load)
    }

    pub fn load(&self, name: &str) -> Option<&Load> {
        self.loads.iter().find(|(known, _)| *known == name).map(|(_, load)| load)
    }

    pub fn beside(&self, name: &str) -> Option<f64> {
        self.beside.iter().find(|(known, _)| *known == name).map(|(_, times)| *times)
    }
}

impl Report {
    pub fn of_this_machine(seconds: u64) -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo");
        let processor = processor
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
            .map_or("?", |(_, it)| it);
        let memory = read("/proc/meminfo");
        let kib = memory
            .split_whitespace()
            .nth(1)
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = format!("{cores} cores of a {processor}, {} GiB", kib / 1024 / 1024);
        Self {
            seconds,
            machine,
            build: None,
            at_rest: None,
            scenes: Vec::new(),
            growth: Vec::new(),
            privacy: Vec::new(),
            tokens: Vec::new(),
            floods: Vec::new(),
        }
    }

    pub fn scene(&mut self, world: &World) -> &mut Scene {
        self.scenes.push(Scene {
            engine: world.engine,
            users: world.users,
            statements: Vec::new(),
            loads: Vec::new(),
            beside: Vec::new(),
            memory_under_load: 0,
            cached: Vec::new(),
            memory_cached: 0,
            statements_of_a_post: None,
            mix: None,
        });
        let last = self.scenes.len() - 1;
        &mut self.scenes[last]
    }

    /// Writes the page, which is this one's, and its plots.
    pub fn write(&self, page: &str) -> Result<(), Box<dyn Error>> {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        // Plots of what is measured no more would stay.
        let _ = fs::remove_dir_all(docs.join("performance"));
        fs::create_dir_all(docs.join("performance"))?;
        for (name, load) in self.plotted() {
            let bars = self
                .scenes
                .iter()
                .filter_map(|scene| Some((scene.name(), scene.load(load)?)))
                .collect::<Vec<_>>();
            plot::rates(&docs.join(name), load, &bars)?;
        }
        fs::write(docs.join("performance.md"), page)?;
        Ok(())
    }

    fn plotted(&self) -> Vec<(PathBuf, &'static str)> {
        let loads = self.scenes.first().map(|scene| scene.loads.as_slice()).unwrap_or_default();
        let file =
            |name: &str| PathBuf::from("performance").join(format!("{}.svg", name.replace([',', ' '], "-")));
        loads.iter().map(|(name, _)| (file(name), *name)).collect()
    }

    /// The page, of whose table these are the rows.
    pub fn to_markdown(&self, targets: &[impl Display]) -> String {
        let mut page = String::new();
        // Writing to a string cannot fail.
        let _ = self.markdown(&mut page, targets);
        page
    }

    fn markdown(&self, page: &mut String, targets: &[impl Display]) -> std::fmt::Result {
        let today: String = Clock::default().now().rfc3339().chars().take(10).collect();
        writeln!(page, "# Performance\n")?;
        writeln!(
            page,
            "Written by `just bench` on {today}, all of it in one run on {}. wrk sends requests for {} s over 32\n\
             connections from the same machine, after a warm-up; it and the servers share the cores. The worlds are those of `kith seed` with 20 posts and 30 follows a user, and 200\n\
             people who follow 25 to 40 others take turns to read. CPU is processor time a request, in and out of the\n\
             kernel, of Kith and of Neo4j. *Bare* is a poem handler that answers the same bytes, of which it has as many copies as\n\
             pages are asked for, and does nothing else; where answers are kept both take {TURNS} turns of {} s each, the home feed twice as many, and\n\
             the middle one's percentiles stand here; the feed of 2,000 followees without a cache takes {SLOW} times as long. *Stolen* is the share of the processors' time that the host of this\n\
             virtual machine gave to others in the turns that count: one of which more than {:.0}% was stolen is taken\n\
             again, until {AT_MOST} times as many have been, and those with the least count.\n\
             Times depend on the machine and on what else it does: compare only what stands in one run.\n",
            self.machine,
            self.seconds,
            (self.seconds / u64::from(TURN)).max(1),
            QUIET * 100.0,
        )?;
        table_of_targets(page, targets)?;
        self.rest(page)?;
        self.trust(page)?;
        for scene in &self.scenes {
            writeln!(page, "## {}\n", scene.name())?;
            writeln!(page, "Without a cache:\n")?;
            table(page, &scene.loads)?;
            writeln!(
                page,
                "\nResident memory of Kith after this: {} MB.\n",
                scene.memory_under_load / 1_000_000
            )?;
            if !scene.cached.is_empty() {
                writeln!(
                    page,
                    "With a cache of 512 MiB for one instance (`max_age` an hour), after a warm-up:\n"
                )?;
                table(page, &scene.cached)?;
                writeln!(
                    page,
                    "\nResident memory of Kith after this: {} MB.\n",
                    scene.memory_cached / 1_000_000
                )?;
            }
            if let Some(mix) = &scene.mix {
                told_of(page, mix)?;
            }
            if scene.statements.is_empty() {
                continue;
            }
            writeln!(page, "| statement | p50 ms | p99 ms | database hits | rows |")?;
            writeln!(page, "| --- | ---: | ---: | ---: | ---: |")?;
            for statement in &scene.statements {
                let hits = statement.hits.map_or_else(|| "–".to_owned(), grouped);
                let Measured { file, p50, p99, rows, .. } = statement;
                writeln!(page, "| `{file}` | {p50:.3} | {p99:.3} | {hits} | {rows} |")?;
            }
            writeln!(page)?;
        }
        for (file, name) in self.plotted() {
            writeln!(page, "![Requests a second: {name}]({})\n", file.display())?;
        }
        page.push_str(include_str!("notes.md"));
        Ok(())
    }

    fn rest(&self, page: &mut String) -> std::fmt::Result {
        writeln!(page, "## At rest\n")?;
        if let Some(rest) = &self.at_rest {
            writeln!(
                page,
                "An empty embedded Kith answers `/health/ready` {:.0} ms after its start, and has {} MB resident 3 s\n\
                 later. The binary is {} MB.",
                rest.first_answer.as_secs_f64() * 1e3,
                rest.resident / 1_000_000,
                rest.binary / 1_000_000,
            )?;
        }
        if let Some(build) = &self.build {
            writeln!(
                page,
                "A release build from nothing took {:.1} minutes, {:.1} of processor time.",
                build.wall.as_secs_f64() / 60.0,
                build.cpu.as_secs_f64() / 60.0,
            )?;
        }
        writeln!(page)
    }

    fn trust(&self, page: &mut String) -> std::fmt::Result {
        if self.tokens.is_empty() {
            return Ok(());
        }
        writeln!(
            page,
            "## Trust\n\n\
             *What is to be checked*: CPU a request of the home feed where all posts that nobody has reposted or quoted are\n\
             for followers alone and each of 50 readers has blocked ten people, muted ten, and muted ten words, as a multiple\n\
             of that where all posts are for everybody and nobody is hidden. The pages are the same. *Of kept parts* are pages\n\
             that are put together from what is kept; *kept* are whole pages. Both worlds are served at a time, and asked in turn.\n\n\
             | | without a cache | of kept parts | kept |\n\
             | --- | ---: | ---: | ---: |"
        )?;
        for (engine, Privacy { cold, parts, warm }) in &self.privacy {
            writeln!(page, "| {engine} | {cold:.2} × | {parts:.2} × | {warm:.2} × |")?;
        }
        writeln!(page, "\nWho asks, by one thread:\n\n| token | µs |\n| --- | ---: |")?;
        for Token { what, time } in &self.tokens {
            writeln!(page, "| {what} | {time:.1} |")?;
        }
        writeln!(
            page,
            "\nA flood of requests from 400 connections of one address, whose tokens are in order but for their\n\
             signatures, beside a steady stream of good ones from the same address; capacity is how many unknown tokens of\n\
             one address Kith checks (`rate_limits.unknown_tokens_per_minute`). Quiet and flood took {} turns of ten\n\
             seconds or more, and the middle ones stand here.\n\n\
             | | flood, a second | of capacity | good, a second | p99 ms, quiet | p99 ms, in the flood | errors |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
            trust::FLOODS,
        )?;
        for (engine, flood) in &self.floods {
            let Flood { per_second, allowed, paced, quiet, flooded, errors } = flood;
            let times = per_second / allowed;
            writeln!(
                page,
                "| {engine} | {per_second:.0} | {times:.0} × | {paced} | {quiet:.2} | {flooded:.2} | {errors} |"
            )?;
        }
        writeln!(page)
    }
}

fn table_of_targets(page: &mut String, targets: &[impl Display]) -> std::fmt::Result {
    writeln!(
        page,
        "## Targets\n\n\
         Those in requests a second are multiples of what the backend that Kith replaces did on this kind\n\
         of machine with the indexes that it lacked: home feed 550, profile 305, creation of a post 670.\n\
         What is said of CPU was asked for in turn with what it is beside: no two minutes of a machine are the same.\n\n\
         | target | wanted | measured | |\n\
         | --- | ---: | ---: | --- |"
    )?;
    for target in targets {
        writeln!(page, "{target}")?;
    }
    writeln!(page)
}

fn told_of(page: &mut String, mix: &Mix) -> std::fmt::Result {
    let minutes: Vec<String> = mix.p99.iter().map(|p99| format!("{p99:.1}")).collect();
    let stolen: Vec<String> = mix.stolen.iter().map(|stolen| format!("{:.0}", stolen * 100.0)).collect();
    writeln!(
        page,
        "A mix of 95% reads and 5% writes over 32 connections for {} s, by people whose shares follow Zipf's law:\n\
         {} reads and {} writes, {} errors, {} answers older than what had been acknowledged before they were asked\n\
         for. 99th percentile minute by minute: {} ms; stolen: {}%. {:.0}% of the answers were kept ones. The cache took {:.0} MB\n\
         of 512 MiB, the process {} MB.\n",
        mix.seconds,
        grouped(mix.reads),
        grouped(mix.writes),
        mix.errors,
        mix.stale,
        minutes.join(", "),
        stolen.join(", "),
        mix.hit_rate * 100.0,
        mix.cache_bytes / 1e6,
        mix.resident / 1_000_000,
    )
}

fn table(page: &mut String, loads: &[(&'static str, Load)]) -> std::fmt::Result {
    writeln!(
        page,
        "| request | a second | p50 ms | p99 ms | CPU ms, Kith | CPU ms, Neo4j | bytes | bare, a second | p99 ms | of bare | errors | stolen % |"
    )?;
    writeln!(page, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
    for (name, load) in loads {
        writeln!(
            page,
            "| {name} | {:.0} | {:.2} | {:.2} | {:.3} | {:.3} | {} | {:.0} | {:.2} | {:.3} | {} | {:.0} |",
            load.per_second,
            load.p50,
            load.p99,
            load.cpu_of_kith,
            load.cpu_of_database,
            load.bytes,
            load.bare_per_second,
            load.bare_p99,
            load.per_second / load.bare_per_second,
            load.errors,
            load.stolen * 100.0,
        )?;
    }
    Ok(())
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
