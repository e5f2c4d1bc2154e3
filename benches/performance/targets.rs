//! What is wanted of what was measured.

use std::fmt;

use crate::{
    crowd::Mix,
    growth::Growth,
    load::Load,
    report::{Report, Scene},
    server::Engine,
    trust::{Privacy, Token},
    world::{CELEBRITY, DEEP_HOME, FAR_FEED, HOME, WIDE_FEED},
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

enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

use Wanted::{AtLeast, AtMost};

/// A row of the table, which its `Display` writes.
pub struct Target {
    what: String,
    wanted: Wanted,
    measured: f64,
    unit: &'static str,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, measured, unit, .. } = self;
        let (sign, wanted, met) = match self.wanted {
            AtLeast(wanted) => ('≥', wanted, *measured >= wanted),
            AtMost(wanted) => ('≤', wanted, *measured <= wanted),
        };
        let digits = if wanted < 0.1 { 3 } else { 2 };
        let met = if met { "met" } else { "**missed**" };
        write!(f, "| {what} | {sign} {wanted}{unit} | {measured:.digits$}{unit} | {met} |")
    }
}

/// Collects what was measured, and leaves out what was not.
#[derive(Default)]
struct Rows(Vec<Target>);

impl Rows {
    fn add(&mut self, what: String, wanted: Wanted, measured: Option<f64>, unit: &'static str) {
        self.0.extend(measured.map(|measured| Target { what, wanted, measured, unit }));
    }

    fn times(&mut self, what: String, wanted: Wanted, measured: Option<f64>) {
        self.add(what, wanted, measured, " ×");
    }
}

/// All of them.
pub fn of(report: &Report) -> Vec<Target> {
    let mut rows = Rows::default();
    for engine in [Engine::Neo4j, Engine::Embedded] {
        let mut scenes: Vec<&Scene> = report.scenes.iter().filter(|scene| scene.engine == engine).collect();
        scenes.sort_by_key(|scene| scene.users);
        of_engine(&mut rows, engine, &scenes);
        for growth in report.growth.iter().filter(|growth| growth.engine == engine) {
            of_growth(&mut rows, growth);
        }
    }
    of_trust(&mut rows, report);
    if let Some(rest) = &report.at_rest {
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        let megabytes = rest.resident as f64 / 1e6;
        rows.add("memory of an empty embedded server".to_owned(), AtMost(60.0), Some(megabytes), " MB");
        let first = rest.first_answer.as_secs_f64();
        rows.add("first answer after the start".to_owned(), AtMost(0.5), Some(first), " s");
    }
    rows.0
}

/// Of the worlds on one engine, the smallest first.
fn of_engine(rows: &mut Rows, engine: Engine, scenes: &[&Scene]) {
    let Some(small) = scenes.first() else { return };
    let rate = |name: &str, old: f64| small.load(name).map(|load| load.per_second / old);
    let times = if engine == Engine::Neo4j { 1.0 } else { 3.0 };
    rows.times(format!("home feed on {engine}"), AtLeast(times), rate(HOME, OLD_HOME));
    rows.times(format!("profile on {engine}"), AtLeast(5.0), rate("profile", OLD_PROFILE));
    let created = rate("create a post", OLD_CREATION);
    rows.times(format!("durable creation of a post on {engine}"), AtLeast(times), created);
    let olds = [(OLD_HOME, OLD_HOME_AS_SHIPPED), (OLD_HOME_LARGE, OLD_HOME_LARGE_AS_SHIPPED)];
    for (scene, (old, as_shipped)) in scenes.iter().zip(olds) {
        let home = |of: &dyn Fn(&Load) -> f64| scene.kept(HOME).map(of);
        let name = scene.name();
        let of_bare = home(&|load| load.per_second / load.bare_per_second);
        rows.times(format!("warm home feed beside a bare handler, {name}"), AtLeast(0.8), of_bare);
        let of_old = home(&|load| load.per_second / old);
        rows.times(format!("warm home feed beside the old backend's, {name}"), AtLeast(40.0), of_old);
        let of_shipped = home(&|load| load.per_second / as_shipped);
        rows.times(format!("the same beside it as it was shipped, {name}"), AtLeast(100.0), of_shipped);
        let of_p99 = home(&|load| load.p99 / OLD_HOME_P99);
        rows.times(format!("its 99th percentile beside the old backend's, {name}"), AtMost(0.05), of_p99);
    }
    for scene in scenes {
        let name = scene.name();
        let deep = scene.beside(DEEP_HOME);
        rows.times(format!("page 15 beside page 1, {name}, CPU"), AtMost(1.2), deep);
        let far = scene.beside(FAR_FEED);
        rows.times(format!("page 500 of the public feed beside page 1, {name}, CPU"), AtMost(1.2), far);
        of_crowd(rows, scene);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few")]
fn of_crowd(rows: &mut Rows, scene: &Scene) {
    let engine = scene.engine;
    let wide = scene.beside(WIDE_FEED);
    rows.times(
        format!("warm home feed of 2,000 followees beside others' on {engine}, CPU"),
        AtMost(3.0),
        wide,
    );
    let celebrity = scene.beside(CELEBRITY);
    rows.times(
        format!("a post for 30,000 followers beside another on {engine}, CPU"),
        AtMost(1.2),
        celebrity,
    );
    let statements = scene.statements_of_a_post.map(|number| number as f64);
    let what = format!("statements for 1,000 of them who read it at once on {engine}");
    rows.add(what, AtMost(3.0), statements, "");
    let Some(Mix { errors, stale, p99, .. }) = &scene.mix else { return };
    let wrong = (errors + stale) as f64;
    rows.add(format!("errors and stale answers in the mix on {engine}"), AtMost(0.0), Some(wrong), "");
    if let [first, .., last] = p99[..] {
        let what = format!("99th percentile of its last minute beside that of the first, {engine}");
        rows.times(what, AtMost(1.2), Some(last / first));
    }
}

fn of_growth(rows: &mut Rows, Growth { engine, cold, warm }: &Growth) {
    rows.times(format!("warm home feed in the larger world on {engine}, CPU"), AtMost(1.15), Some(*warm));
    for (name, growth) in cold {
        rows.times(format!("{name} in the larger world on {engine}, CPU"), AtMost(1.3), Some(*growth));
    }
}

fn of_trust(rows: &mut Rows, report: &Report) {
    for (engine, Privacy { cold, parts, warm }) in &report.privacy {
        for (how, measured) in [("without a cache", cold), ("of kept parts", parts), ("kept", warm)] {
            let what = format!("home feed with all to be checked beside nothing, {how}, {engine}, CPU");
            rows.times(what, AtMost(1.15), Some(*measured));
        }
    }
    for Token { what, time } in report.tokens.iter().filter(|token| token.what.contains("before")) {
        rows.add(format!("token {what}"), AtMost(50.0), Some(*time), " µs");
    }
    for (engine, flood) in &report.floods {
        let what = format!("p99 of good requests in a flood of bad tokens on {engine}");
        rows.times(what, AtMost(2.0), Some(flood.flooded / flood.quiet));
    }
}
