//! Each hot statement alone: how long it takes on one connection, and what it costs the database.

use std::{error::Error, time::Instant};

use kith::{
    app::App,
    clock::Timestamp,
    comments::queries::{OldestChildren, ReadComments},
    cypher::Query,
    feeds::queries::{HomeEntries, HomeReasons, HomeRow, PublicEntries, UserEntries, UserReasons},
    graph::queries::{Mutuals, Suggestions},
    posts::{
        Visibility,
        queries::{PostOfUser, PostsViewerState, ReadPosts},
    },
    users::queries::{Followers, ReadUsers},
};
use serde_json::json;

use crate::world::World;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How often each is run, in turn for other people.
const RUNS: usize = 200;
const PAGE: usize = 21;

pub struct Measured {
    pub file: &'static str,
    /// In milliseconds.
    pub p50: f64,
    pub p99: f64,
    /// Median over some runs; none on the embedded graph, which does not count them.
    pub hits: Option<u64>,
    /// Median.
    pub rows: usize,
}

#[expect(clippy::too_many_lines, reason = "one statement after the other")]
pub async fn measure(world: &World, app: &App, wanted: impl Fn(&str) -> bool) -> Result<Vec<Measured>> {
    let (before_key, before_id) = (i64::MAX, String::new());
    let now = Timestamp::of_rank_key(app.newest_key());
    // As the feeds ask at first: the home feed for what is of the last two days, the public feed of an embedded graph for
    // what is of the last hour.
    let ago = |hours: i64| Timestamp(now.0 - hours * 3_600_000_000);
    let since = ago(1).0;
    let home = |viewer: &str| HomeEntries {
        viewer: viewer.to_owned(),
        before_key,
        before_id: String::new(),
        since: ago(48).rank_key(),
        limit: PAGE,
    };
    // What a page of each viewer consists of.
    let mut pages: Vec<(String, Vec<HomeRow>)> = Vec::new();
    for viewer in &world.viewers {
        pages.push((viewer.id.clone(), app.store.run(&home(&viewer.id)).await?));
    }
    let posts = |rows: &[HomeRow]| rows.iter().map(|row| row.post_id.clone()).collect::<Vec<_>>();
    let mut threads = Vec::new();
    for post in &world.posts {
        let query = OldestChildren {
            parents: vec![post.clone()],
            after_key: i64::MIN,
            after_id: String::new(),
            per_parent: PAGE,
        };
        threads.push(app.store.run(&query).await?.into_iter().map(|row| row.id).collect::<Vec<_>>());
    }
    let mut bench = Bench { world, app, wanted: &wanted, measured: Vec::new() };
    bench.run(|n| home(&pages[n % pages.len()].0)).await?;
    bench
        .run(|n| {
            let (viewer, rows) = &pages[n % pages.len()];
            let followed = rows.iter().map(|row| row.author_id.clone()).chain([viewer.clone()]).collect();
            HomeReasons { viewer: viewer.clone(), posts: posts(rows), followed, start: i64::MAX }
        })
        .await?;
    bench.run(|n| ReadPosts { ids: posts(&pages[n % pages.len()].1) }).await?;
    bench
        .run(|n| {
            let (viewer, rows) = &pages[n % pages.len()];
            let posts = posts(rows).iter().map(|id| PostOfUser::new(id, viewer)).collect();
            PostsViewerState { viewer: viewer.clone(), posts }
        })
        .await?;
    let until = app.clock.now().0;
    bench
        .run(|_| PublicEntries {
            hidden: vec![],
            before_key,
            before_id: before_id.clone(),
            since,
            until,
            limit: PAGE,
        })
        .await?;
    let author = |n: usize| world.authors[n % world.authors.len()].clone();
    bench
        .run(|n| UserEntries {
            user: author(n),
            viewer: String::new(),
            levels: vec![Visibility::Public],
            before_key,
            before_id: before_id.clone(),
            limit: PAGE,
        })
        .await?;
    bench
        .run(|n| {
            let posts = posts(&pages[n % pages.len()].1);
            let user = author(n);
            UserReasons {
                posts: posts.iter().map(|id| PostOfUser::new(id, &user)).collect(),
                user,
                start: i64::MAX,
            }
        })
        .await?;
    bench.run(|n| ReadUsers { ids: vec![author(n)] }).await?;
    bench
        .run(|n| Followers {
            user: author(n),
            hidden: vec![],
            before_key,
            before_id: before_id.clone(),
            limit: PAGE,
        })
        .await?;
    bench
        .run(|n| OldestChildren {
            parents: vec![world.posts[n % world.posts.len()].clone()],
            after_key: i64::MIN,
            after_id: String::new(),
            per_parent: PAGE,
        })
        .await?;
    bench.run(|n| ReadComments { ids: threads[n % threads.len()].clone() }).await?;
    let viewer = |n: usize| pages[n % pages.len()].0.clone();
    bench
        .run(|n| Mutuals {
            viewer: viewer(n),
            user: author(n),
            hidden: vec![],
            before_key,
            before_id: before_id.clone(),
            limit: PAGE,
        })
        .await?;
    bench.run(|n| Suggestions { viewer: viewer(n), hidden: vec![], limit: 20 }).await?;
    Ok(bench.measured)
}

struct Bench<'a, W> {
    world: &'a World,
    app: &'a App,
    wanted: &'a W,
    measured: Vec<Measured>,
}

impl<W: Fn(&str) -> bool> Bench<'_, W> {
    async fn run<Q: Query>(&mut self, query: impl Fn(usize) -> Q) -> Result<()> {
        if !(self.wanted)(Q::FILE) {
            return Ok(());
        }
        let (mut times, mut rows) = (Vec::new(), Vec::new());
        for n in 0..RUNS * 2 {
            let query = query(n);
            let started = Instant::now();
            let answer = self.app.store.run(&query).await?;
            // The first half warms the store.
            if n >= RUNS {
                times.push(started.elapsed());
                rows.push(answer.len());
            }
        }
        times.sort();
        rows.sort_unstable();
        let mut hits = Vec::new();
        if let Some(server) = &self.world.neo4j {
            for n in 0..9 {
                let profile = server.profile(Q::TEXT, &json!(query(n)))?;
                hits.push(profile["hits"].as_u64().unwrap_or_default());
            }
            hits.sort_unstable();
        }
        let milliseconds = |n: usize| times[n].as_secs_f64() * 1e3;
        let measured = Measured {
            file: Q::FILE,
            p50: milliseconds(RUNS / 2),
            p99: milliseconds(RUNS * 99 / 100),
            hits: hits.get(4).copied(),
            rows: rows[RUNS / 2],
        };
        eprintln!(
            "{:<24} p50 {:.3} ms  p99 {:.3} ms  hits {:?}  rows {}",
            measured.file, measured.p50, measured.p99, measured.hits, measured.rows
        );
        self.measured.push(measured);
        Ok(())
    }
}
