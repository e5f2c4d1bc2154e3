//! What `docs/performance.md` says.

use std::{
    error::Error,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use kith::clock::Clock;

use crate::{
    TURN, TURNS,
    crowd::Mix,
    load::Load,
    plot,
    server::{AtRest, Build, Engine},
    statements::Measured,
    trust::{self, Flood, Privacy, Token},
    world::{CELEBRITY, FAR_FEED, ONE_PERSON, WIDE_FEED, World},
};

/// What the backend that Kith replaces did on this kind of machine with the indexes that it lacked, in requests a
/// second: 2,000 users, 40,000 posts. It neither hydrated posts nor told why one is in a feed.
const OLD_HOME: f64 = 550.0;
/// Its home feed at ten times the data.
const OLD_HOME_LARGE: f64 = 493.0;
/// Its home feed as it was shipped, in both.
const OLD_HOME_AS_SHIPPED: f64 = 203.0;
const OLD_HOME_LARGE_AS_SHIPPED: f64 = 14.0;
/// The better of its 99th percentiles, in milliseconds.
const OLD_HOME_P99: f64 = 102.0;
const OLD_PROFILE: f64 = 305.0;
const OLD_CREATION: f64 = 670.0;

pub struct Report {
    seconds: u64,
    machine: String,
    pub build: Option<Build>,
    pub at_rest: Option<AtRest>,
    scenes: Vec<Scene>,
    pub privacy: Vec<(Engine, Privacy)>,
    pub tokens: Vec<Token>,
    pub floods: Vec<(Engine, Flood)>,
}

/// One world on one store.
pub struct Scene {
    engine: Engine,
    users: u32,
    pub statements: Vec<Measured>,
    pub loads: Vec<(&'static str, Load)>,
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

    /// The targets of what a crowd does: what, at most how much, and how much it is.
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    fn of_crowd(&self) -> Vec<(&'static str, f64, Option<f64>, &'static str)> {
        let Some(mix) = &self.mix else { return Vec::new() };
        let warm = |name: &str| self.kept(name).map(|load| load.cpu_of_kith);
        let rate = |name: &str| self.load(name).map(|load| load.per_second);
        let ratio = |one: Option<f64>, other: Option<f64>| Some(one? / other?);
        let wide = ratio(warm(WIDE_FEED), warm("home feed"));
        let celebrity = ratio(rate(ONE_PERSON), rate(CELEBRITY));
        let statements = self.statements_of_a_post.map(|number| number as f64);
        vec![
            ("warm home feed of 2,000 followees beside others', CPU,", 3.0, wide, " ×"),
            ("a post for 30,000 followers beside another", 1.2, celebrity, " ×"),
            ("statements for 1,000 of them who read it at once", 3.0, statements, ""),
            ("errors and stale answers in the mix", 0.0, Some((mix.errors + mix.stale) as f64), ""),
        ]
    }

    /// A read from a Kith with a cache.
    fn kept(&self, name: &str) -> Option<&Load> {
        self.cached.iter().find(|(known, _)| *known == name).map(|(_, load)| load)
    }

    fn load(&self, name: &str) -> Option<&Load> {
        self.loads.iter().find(|(known, _)| *known == name).map(|(_, load)| load)
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
            memory_under_load: 0,
            cached: Vec::new(),
            memory_cached: 0,
            statements_of_a_post: None,
            mix: None,
        });
        let last = self.scenes.len() - 1;
        &mut self.scenes[last]
    }

    /// Writes the page and its plots.
    pub fn write(&self) -> Result<(), Box<dyn Error>> {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        fs::create_dir_all(docs.join("performance"))?;
        for (name, load) in self.plotted() {
            let bars = self
                .scenes
                .iter()
                .filter_map(|scene| Some((scene.name(), scene.load(load)?)))
                .collect::<Vec<_>>();
            plot::rates(&docs.join(name), load, &bars)?;
        }
        fs::write(docs.join("performance.md"), self.to_markdown())?;
        Ok(())
    }

    fn plotted(&self) -> Vec<(PathBuf, &'static str)> {
        let loads = self.scenes.first().map(|scene| scene.loads.as_slice()).unwrap_or_default();
        let file =
            |name: &str| PathBuf::from("performance").join(format!("{}.svg", name.replace([',', ' '], "-")));
        loads.iter().map(|(name, _)| (file(name), *name)).collect()
    }

    pub fn to_markdown(&self) -> String {
        let mut page = String::new();
        // Writing to a string cannot fail.
        let _ = self.markdown(&mut page);
        page
    }

    fn markdown(&self, page: &mut String) -> std::fmt::Result {
        let today: String = Clock::default().now().rfc3339().chars().take(10).collect();
        writeln!(page, "# Performance\n")?;
        writeln!(
            page,
            "Written by `just bench` on {today}, all of it in one run on {}. wrk sends requests for {} s over 32\n\
             connections from the same machine, after a warm-up; it and the servers share the cores. The worlds are those of `kith seed` with 20 posts and 30 follows a user, and 200\n\
             people who follow 25 to 40 others take turns to read. CPU is processor time a request, in and out of the\n\
             kernel, of Kith and of Neo4j. *Bare* is a poem handler that answers the same bytes, of which it has as many copies as\n\
             pages are asked for, and does nothing else; where answers are kept both take {TURNS} turns of {} s each, and\n\
             the middle one's percentiles stand here.\n\
             Times depend on the machine and on what else it does: compare only what stands in one run.\n",
            self.machine,
            self.seconds,
            (self.seconds / u64::from(TURN)).max(1),
        )?;
        self.targets(page)?;
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

    #[expect(clippy::too_many_lines, reason = "one row after the other")]
    fn targets(&self, page: &mut String) -> std::fmt::Result {
        writeln!(page, "## Targets\n")?;
        writeln!(
            page,
            "Those in requests a second are multiples of what the backend that Kith replaces did on this kind"
        )?;
        writeln!(
            page,
            "of machine with the indexes that it lacked: home feed 550, profile 305, creation of a post 670.\n"
        )?;
        writeln!(page, "| target | wanted | measured | |")?;
        writeln!(page, "| --- | ---: | ---: | --- |")?;
        let mut row = |what: String, wanted: f64, at_least: bool, measured: Option<f64>, unit: &str| {
            let Some(measured) = measured else { return Ok(()) };
            let met = if at_least { measured >= wanted } else { measured <= wanted };
            let sign = if at_least { '≥' } else { '≤' };
            let digits = if wanted < 0.1 { 3 } else { 2 };
            writeln!(
                page,
                "| {what} | {sign} {wanted}{unit} | {measured:.digits$}{unit} | {} |",
                if met { "met" } else { "**missed**" }
            )
        };
        for engine in [Engine::Neo4j, Engine::Embedded] {
            let mut of_engine: Vec<&Scene> =
                self.scenes.iter().filter(|scene| scene.engine == engine).collect();
            of_engine.sort_by_key(|scene| scene.users);
            let Some(small) = of_engine.first() else { continue };
            let rate = |name: &str, old: f64| small.load(name).map(|load| load.per_second / old);
            let times = if engine == Engine::Neo4j { 1.0 } else { 3.0 };
            row(format!("home feed on {engine}"), times, true, rate("home feed", OLD_HOME), " ×")?;
            row(format!("profile on {engine}"), 5.0, true, rate("profile", OLD_PROFILE), " ×")?;
            row(
                format!("durable creation of a post on {engine}"),
                times,
                true,
                rate("create a post", OLD_CREATION),
                " ×",
            )?;
            let olds = [(OLD_HOME, OLD_HOME_AS_SHIPPED), (OLD_HOME_LARGE, OLD_HOME_LARGE_AS_SHIPPED)];
            for (scene, (old, as_shipped)) in of_engine.iter().zip(olds) {
                let home = scene.kept("home feed");
                let name = scene.name();
                let of_bare = home.map(|load| load.per_second / load.bare_per_second);
                row(format!("warm home feed beside a bare handler, {name}"), 0.8, true, of_bare, " ×")?;
                let of_old = home.map(|load| load.per_second / old);
                row(format!("warm home feed beside the old backend's, {name}"), 40.0, true, of_old, " ×")?;
                let of_shipped = home.map(|load| load.per_second / as_shipped);
                row(format!("the same beside it as it was shipped, {name}"), 100.0, true, of_shipped, " ×")?;
                let of_p99 = home.map(|load| load.p99 / OLD_HOME_P99);
                row(
                    format!("its 99th percentile beside the old backend's, {name}"),
                    0.05,
                    false,
                    of_p99,
                    " ×",
                )?;
            }
            let cost = |scene: &Scene, name: &str| {
                scene.load(name).map(|load| load.cpu_of_kith + load.cpu_of_database)
            };
            let ratio = |one: Option<f64>, other: Option<f64>| Some(one? / other?);
            row(
                format!("page 15 beside page 1 on {engine}, CPU"),
                1.2,
                false,
                ratio(cost(small, "home feed, page 15"), cost(small, "home feed")),
                " ×",
            )?;
            row(
                format!("page 500 of the public feed beside page 1 on {engine}, CPU"),
                1.2,
                false,
                ratio(cost(small, FAR_FEED), cost(small, "public feed")),
                " ×",
            )?;
            for (what, wanted, measured, unit) in of_engine.iter().flat_map(|scene| scene.of_crowd()) {
                row(format!("{what} on {engine}"), wanted, false, measured, unit)?;
            }
            if let Some(large) = of_engine.get(1) {
                let warm = |scene: &Scene| {
                    scene.kept("home feed").map(|load| load.cpu_of_kith + load.cpu_of_database)
                };
                let what = format!("warm home feed in the larger world on {engine}, CPU");
                row(what, 1.15, false, ratio(warm(large), warm(small)), " ×")?;
                for read in ["home feed", "public feed", "thread", "profile", "posts of a user"] {
                    row(
                        format!("{read} in the larger world on {engine}, CPU"),
                        1.3,
                        false,
                        ratio(cost(large, read), cost(small, read)),
                        " ×",
                    )?;
                }
            }
        }
        for (engine, Privacy { cold, parts, warm }) in &self.privacy {
            for (how, measured) in [("without a cache", cold), ("of kept parts", parts), ("kept", warm)] {
                let what = format!("home feed with all to be checked beside nothing, {how}, {engine}, CPU");
                row(what, 1.15, false, Some(*measured), " ×")?;
            }
        }
        for Token { what, time } in self.tokens.iter().filter(|token| token.what.contains("before")) {
            row(format!("token {what}"), 50.0, false, Some(*time), " µs")?;
        }
        for (engine, flood) in &self.floods {
            let what = format!("p99 of good requests in a flood of bad tokens on {engine}");
            row(what, 2.0, false, Some(flood.flooded / flood.quiet), " ×")?;
        }
        if let Some(rest) = &self.at_rest {
            #[expect(clippy::cast_precision_loss, reason = "megabytes")]
            let megabytes = rest.resident as f64 / 1e6;
            row("memory of an empty embedded server".to_owned(), 60.0, false, Some(megabytes), " MB")?;
            row(
                "first answer after the start".to_owned(),
                0.5,
                false,
                Some(rest.first_answer.as_secs_f64()),
                " s",
            )?;
        }
        writeln!(page)
    }
}

fn told_of(page: &mut String, mix: &Mix) -> std::fmt::Result {
    let minutes: Vec<String> = mix.p99.iter().map(|p99| format!("{p99:.1}")).collect();
    writeln!(
        page,
        "A mix of 95% reads and 5% writes over 32 connections for {} s, by people whose shares follow Zipf's law:\n\
         {} reads and {} writes, {} errors, {} answers older than what had been acknowledged before they were asked\n\
         for. 99th percentile minute by minute: {} ms. {:.0}% of the answers were kept ones. The cache took {:.0} MB of\n\
         512 MiB, the process {} MB.\n",
        mix.seconds,
        grouped(mix.reads),
        grouped(mix.writes),
        mix.errors,
        mix.stale,
        minutes.join(", "),
        mix.hit_rate * 100.0,
        mix.cache_bytes / 1e6,
        mix.resident / 1_000_000,
    )
}

fn table(page: &mut String, loads: &[(&'static str, Load)]) -> std::fmt::Result {
    writeln!(
        page,
        "| request | a second | p50 ms | p99 ms | CPU ms, Kith | CPU ms, Neo4j | bytes | bare, a second | p99 ms | of bare | errors |"
    )?;
    writeln!(page, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
    for (name, load) in loads {
        writeln!(
            page,
            "| {name} | {:.0} | {:.2} | {:.2} | {:.3} | {:.3} | {} | {:.0} | {:.2} | {:.3} | {} |",
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
