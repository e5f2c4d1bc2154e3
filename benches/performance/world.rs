//! The graphs that are measured, and the people and paths of them that are asked for.

use std::{error::Error, fs, path::Path, process::Command, sync::Arc, time::Duration};

use kith::{
    app::App,
    config::{Config, Secret},
    cypher::{Access, IdRow, Query},
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    FOLLOWS_PER_USER, POSTS_PER_USER,
    crowd::{self, Crowd},
    load::{Case, Side},
    neo4j::{self, Server},
    server::{Engine, Process, SIGNING_KEY, target},
    viewer::{Viewer, open_session},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How many people read in turn, so that no answer is the same as the one before.
const VIEWERS: usize = 200;
/// Which page of the home feed is the deep one.
const DEEP_PAGE: usize = 15;

/// Which page of the public feed is far down.
const FAR_PAGE: usize = 500;

pub const HOME: &str = "home feed";
pub const DEEP_HOME: &str = "home feed, page 15";
pub const PUBLIC: &str = "public feed";
pub const FAR_FEED: &str = "public feed, page 500";
pub const WIDE_FEED: &str = "home feed of 2,000 followees";
pub const ONE_PERSON: &str = "create a post, one author";
pub const CELEBRITY: &str = "create a post, 30,000 followers";

/// A seeded graph.
pub struct World {
    pub engine: Engine,
    pub users: u32,
    pub store: String,
    /// Who reads: people who follow as many as people usually do.
    pub viewers: Vec<Viewer>,
    /// Authors, the most followed first.
    pub authors: Vec<String>,
    /// Posts, those with the longest threads first.
    pub posts: Vec<String>,
    pub neo4j: Option<Server>,
    /// In the larger world only.
    pub crowd: Option<Crowd>,
    /// Who takes part in the mix.
    pub people: Vec<Viewer>,
}

/// A statement of the bench's own, which answers ids.
#[derive(Serialize)]
struct Pick<const WHAT: usize> {
    least: i64,
    most: i64,
    limit: usize,
}

const VIEWERS_OF_USUAL_DEGREE: usize = 0;
const MOST_FOLLOWED: usize = 1;
const LONGEST_THREADS: usize = 2;

const PICKS: [&str; 3] = [
    "MATCH (user:User) WITH user.id AS id, COUNT { (user)-[:FOLLOWS]->() } AS n WHERE n >= $least AND n <= $most \
     RETURN id AS id ORDER BY id LIMIT $limit",
    "MATCH (user:User) WITH user.id AS id, COUNT { (user)<-[:FOLLOWS]-() } AS n WHERE n >= $least AND n <= $most \
     RETURN id AS id ORDER BY n DESC, id LIMIT $limit",
    "MATCH (post:Post) WITH post.id AS id, COUNT { (post)<-[:IN_THREAD]-() } AS n WHERE n >= $least AND n <= $most \
     RETURN id AS id ORDER BY n DESC, id LIMIT $limit",
];

impl<const WHAT: usize> Query for Pick<WHAT> {
    const FILE: &'static str = "bench";
    const TEXT: &'static str = PICKS[WHAT];
    const EMBEDDED_TEXT: &'static str = PICKS[WHAT];
    const ACCESS: Access = Access::Read;
    type Row = IdRow;
}

impl World {
    /// Makes the world, unless an earlier run of today has, and opens a copy of it in this process.
    /// A crowd is added if that is asked for.
    pub async fn prepare(engine: Engine, users: u32, with_crowd: bool) -> Result<(Self, Arc<App>)> {
        Self::prepare_in("run", engine, users, with_crowd).await
    }

    /// The same in a folder of that name, so that there can be two at a time.
    pub async fn prepare_in(
        folder: &str,
        engine: Engine,
        users: u32,
        with_crowd: bool,
    ) -> Result<(Self, Arc<App>)> {
        let name = format!("{engine}-{users}").to_lowercase();
        let bench = target().join("bench");
        let (made, copy) = (bench.join("worlds").join(&name), bench.join(folder).join(&name));
        if !is_of_today(&made.join("made")) {
            let _ = fs::remove_dir_all(&made);
            fs::create_dir_all(&made)?;
            match engine {
                Engine::Embedded => seed(users, &format!("embedded:{}", made.display()))?,
                Engine::Neo4j => {
                    let server = neo4j::start_at(&made);
                    seed(users, &server.uri)?;
                }
            }
            fs::write(made.join("made"), "")?;
        }
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir_all(copy.parent().ok_or("no parent")?)?;
        if !Command::new("cp").arg("-a").args([&made, &copy]).status()?.success() {
            return Err("the world could not be copied".into());
        }
        let neo4j = (engine == Engine::Neo4j).then(|| neo4j::start_at(&copy));
        let store = neo4j
            .as_ref()
            .map_or_else(|| format!("embedded:{}", copy.display()), |server| server.uri.clone());
        let mut config = Config::defaults();
        config.store.uri.clone_from(&store);
        config.store.timeout = Duration::from_mins(2);
        config.auth.signing_key = Secret::new(SIGNING_KEY.to_owned());
        config.auth.access_token_ttl = Duration::from_hours(12);
        let app = App::start(config).await?;
        let pick = |rows: Vec<IdRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        let usual = i64::from(FOLLOWS_PER_USER);
        let viewers = Pick::<VIEWERS_OF_USUAL_DEGREE> { least: usual - 5, most: usual + 10, limit: VIEWERS };
        let mut with_tokens = Vec::new();
        for id in pick(app.store.run(&viewers).await?) {
            with_tokens.push(Viewer { token: open_session(&app, &id).await?, id });
        }
        let authors = Pick::<MOST_FOLLOWED> { least: 1, most: i64::MAX, limit: VIEWERS };
        let posts = Pick::<LONGEST_THREADS> { least: 1, most: i64::MAX, limit: VIEWERS };
        let (authors, posts) = (pick(app.store.run(&authors).await?), pick(app.store.run(&posts).await?));
        let many = Pick::<MOST_FOLLOWED> { least: 1, most: i64::MAX, limit: crowd::WIDE };
        let mut crowd = None;
        if with_crowd {
            let followed = pick(app.store.run(&many).await?);
            crowd = Some(Crowd::gather(&app, &followed).await.map_err(plain)?);
        }
        let people = authors.iter().chain(with_tokens.iter().map(|viewer| &viewer.id));
        let people = crowd::people(&app, people).await.map_err(plain)?;
        let viewers = with_tokens;
        Ok((Self { engine, users, store, viewers, authors, posts, neo4j, crowd, people }, app))
    }

    /// Closes it in this process, and serves it by a Kith of its own.
    pub async fn serve(&self, app: Arc<App>) -> Result<Process> {
        app.store.close().await;
        drop(app);
        Process::kith(&self.store, false)
    }

    /// Serves it again, by a Kith with a cache.
    pub fn serve_cached(&self, kith: Process) -> Result<Process> {
        drop(kith);
        Process::kith(&self.store, true)
    }

    /// Whose processor time counts beside Kith's.
    pub fn database_process(&self) -> Option<u32> {
        self.neo4j.as_ref().map(Server::id)
    }

    /// One of its cases, to be asked of a Kith that serves it.
    pub fn side<'a>(&self, kith: &'a Process, cases: &[Case], name: &str) -> Option<Side<'a>> {
        let case = cases.iter().find(|case| case.name == name)?.clone();
        Some(Side { kith, database: self.database_process(), case })
    }

    /// What is asked of a running Kith.
    pub fn cases(&self, kith: &Process) -> Result<Vec<Case>> {
        let each_viewer = |name, path: &dyn Fn(usize) -> String| Case {
            name,
            requests: self
                .viewers
                .iter()
                .enumerate()
                .map(|(place, viewer)| (path(place), viewer.token.clone(), String::new()))
                .collect(),
        };
        let anybody = |name, paths: Vec<String>| Case {
            name,
            requests: paths.into_iter().map(|path| (path, String::new(), String::new())).collect(),
        };
        let mut deep = Vec::new();
        for viewer in self.viewers.iter().take(VIEWERS / 4) {
            let mut path = "/v1/feeds/home".to_owned();
            for _ in 1..DEEP_PAGE {
                let page: Value = serde_json::from_slice(&kith.get(&path, &viewer.token)?)?;
                match page["next_cursor"].as_str() {
                    Some(cursor) => path = format!("/v1/feeds/home?cursor={cursor}"),
                    None => break,
                }
            }
            deep.push((path, viewer.token.clone(), String::new()));
        }
        let mut far = "/v1/feeds/public".to_owned();
        for _ in 1..FAR_PAGE {
            let page: Value = serde_json::from_slice(&kith.get(&far, "")?)?;
            match page["next_cursor"].as_str() {
                Some(cursor) => far = format!("/v1/feeds/public?cursor={cursor}"),
                None => break,
            }
        }
        let text = r#"{"text": "Measured #today: how long does it take until this is on the disk?"}"#;
        let mut creations = each_viewer("create a post", &|_| "/v1/posts".to_owned());
        for (_, _, body) in &mut creations.requests {
            text.clone_into(body);
        }
        let by_one = |name, viewer: &Viewer| {
            let one = ("/v1/posts".to_owned(), viewer.token.clone(), text.to_owned());
            Case { name, requests: vec![one] }
        };
        let mut of_crowd = Vec::new();
        if let Some(crowd) = &self.crowd {
            let wide = ("/v1/feeds/home".to_owned(), crowd.wide.token.clone(), String::new());
            of_crowd.push(Case { name: WIDE_FEED, requests: vec![wide] });
            of_crowd.push(by_one(ONE_PERSON, &self.viewers[0]));
            of_crowd.push(by_one(CELEBRITY, &crowd.celebrity));
        }
        let users = |suffix: &str| self.authors.iter().map(|id| format!("/v1/users/{id}{suffix}")).collect();
        let mut cases = vec![
            each_viewer(HOME, &|_| "/v1/feeds/home".to_owned()),
            Case { name: DEEP_HOME, requests: deep },
            anybody(PUBLIC, vec!["/v1/feeds/public".to_owned()]),
            anybody(FAR_FEED, vec![far]),
            anybody("thread", self.posts.iter().map(|id| format!("/v1/posts/{id}/thread")).collect()),
            anybody("profile", users("")),
            anybody("posts of a user", users("/posts")),
            creations,
        ];
        cases.extend(of_crowd);
        Ok(cases)
    }
}

/// An error that stays in its thread.
pub fn plain(error: Box<dyn Error + Send + Sync>) -> Box<dyn Error> {
    error
}

fn is_of_today(marker: &Path) -> bool {
    let age = fs::metadata(marker).and_then(|file| file.modified()).ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age < Duration::from_hours(24))
}

fn seed(users: u32, store: &str) -> Result<()> {
    let done = Command::new(env!("CARGO_BIN_EXE_kith"))
        .args(["seed", "--users", &users.to_string(), "--posts-per-user", &POSTS_PER_USER.to_string()])
        .args(["--follows-per-user", &FOLLOWS_PER_USER.to_string()])
        .env("KITH_STORE__URI", store)
        .env("KITH_AUTH__SIGNING_KEY", SIGNING_KEY)
        .status()?;
    if done.success() { Ok(()) } else { Err("the world could not be made".into()) }
}
