//! What a crowd does: thirty thousand who follow one person, a thousand of them who read at once what that person has just
//! posted, and some minutes of reads and writes by people of whom a few are much busier than the rest.

use std::{
    collections::HashMap,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use kith::{
    app::App,
    clock::{Timestamp, new_id},
    import::queries::{ImportFollows, ImportUsers, PairRow, UserRow},
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{
    counted,
    server::Process,
    turns::Processors,
    viewer::{Viewer, open_session},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const FANS: usize = 30_000;
/// How many of them read at once.
const READERS: usize = 1_000;
/// How many the widest viewer follows.
pub const WIDE: usize = 2_000;
/// Who takes part in the mix.
const PEOPLE: usize = 1_000;
const CONNECTIONS: usize = 32;
/// One request in so many is a write.
const WRITES: u32 = 20;

/// People who are added to a world.
pub struct Crowd {
    pub celebrity: Viewer,
    pub wide: Viewer,
    fans: Vec<Viewer>,
}

impl Crowd {
    pub async fn gather(app: &App, authors: &[String]) -> Result<Self> {
        let now = app.clock.now();
        let user = |place: usize| {
            let id = new_id();
            let handle = format!("fan{}", &id[..20]);
            let (display_name, source_id) = (format!("Fan {place}"), format!("crowd:{id}"));
            UserRow { id, handle, display_name, bio: None, created_at: now.0, source_id }
        };
        let rows: Vec<UserRow> = (0..FANS + 2).map(user).collect();
        let (celebrity, wide) = (rows[FANS].id.clone(), rows[FANS + 1].id.clone());
        for rows in rows.chunks(1_000) {
            app.store.run(&ImportUsers { rows: rows.to_vec() }).await?;
        }
        let follow = |source: &str, target: &str| PairRow {
            source: source.to_owned(),
            target: target.to_owned(),
            rank_key: app.clock.next_rank_key(),
        };
        let mut follows: Vec<PairRow> = rows[..FANS].iter().map(|fan| follow(&fan.id, &celebrity)).collect();
        follows.extend(authors.iter().take(WIDE).map(|author| follow(&wide, author)));
        for rows in follows.chunks(1_000) {
            app.store.run(&ImportFollows { rows: rows.to_vec() }).await?;
        }
        let mut viewers = Vec::new();
        for id in rows.iter().take(READERS).map(|row| row.id.clone()).chain([celebrity, wide]) {
            let token = open_session(app, &id).await.map_err(|error| error.to_string())?;
            viewers.push(Viewer { id, token });
        }
        let (wide, celebrity) = (viewers.pop().ok_or("nobody")?, viewers.pop().ok_or("nobody")?);
        Ok(Self { celebrity, wide, fans: viewers })
    }

    /// How many statements it takes that a thousand followers read, at once, what the celebrity has just posted. All else
    /// of their feeds is kept.
    pub async fn statements_of_a_post(&self, kith: &Process) -> Result<u64> {
        let client = client()?;
        let read_all = async || {
            let reads = self.fans.iter().map(|fan| get(&client, &kith.address, "/v1/feeds/home", &fan.token));
            join_all(reads).await.into_iter().collect::<Result<Vec<Value>>>()
        };
        for _ in 0..3 {
            read_all().await?;
        }
        let post = json!({"text": "To all of you"});
        let made =
            send(&client, Method::POST, &kith.address, "/v1/posts", &self.celebrity.token, &post).await?;
        // What is counted beside the writes is not of these reads.
        tokio::time::sleep(Duration::from_secs(4)).await;
        let before = counted::statements(&metrics(&client, kith).await?);
        let feeds = read_all().await?;
        let more = counted::more(&metrics(&client, kith).await?, &before);
        eprintln!("what the followers' reads took: {more:?}");
        if feeds.iter().any(|feed| feed["items"][0]["post"]["id"] != made["id"]) {
            return Err("a follower does not see the post".into());
        }
        Ok(more.values().sum())
    }
}

/// What came of some minutes of reads and writes.
#[derive(Debug, Default)]
pub struct Mix {
    pub seconds: u64,
    pub reads: u64,
    pub writes: u64,
    pub errors: u64,
    /// Answers older than what had been acknowledged before they were asked for.
    pub stale: u64,
    /// The 99th percentile of each minute, in milliseconds.
    pub p99: Vec<f64>,
    /// The share of the processors' time that others were given in each.
    pub stolen: Vec<f64>,
    /// Of all answers that may be kept.
    pub hit_rate: f64,
    pub cache_bytes: f64,
    pub resident: u64,
}

/// What is known of a person to have been acknowledged.
#[derive(Default)]
struct Known {
    /// The latest bio, by its number.
    bio: AtomicU64,
    /// The latest post, in microseconds.
    posted: AtomicU64,
}

struct Person {
    viewer: Viewer,
    known: Known,
    /// One bio after the other.
    writing: tokio::sync::Mutex<u64>,
}

#[derive(Default)]
struct Counts {
    reads: AtomicU64,
    writes: AtomicU64,
    errors: AtomicU64,
    stale: AtomicU64,
}

/// Mixes 19 reads with each write, for people whose shares go down as one over their rank (Zipf's law).
pub async fn mix(kith: &Process, tokens: Vec<Viewer>, duration: Duration) -> Result<Mix> {
    let people: Arc<Vec<Person>> = Arc::new(
        tokens
            .into_iter()
            .map(|viewer| Person { viewer, known: Known::default(), writing: tokio::sync::Mutex::default() })
            .collect(),
    );
    let client = client()?;
    let mut followed: HashMap<usize, Vec<usize>> = HashMap::new();
    let places: HashMap<&str, usize> =
        people.iter().enumerate().map(|(place, person)| (person.viewer.id.as_str(), place)).collect();
    for (place, person) in people.iter().enumerate() {
        let path = format!("/v1/users/{}/following?limit=100", person.viewer.id);
        let page = get(&client, &kith.address, &path, "").await?;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        let known = items.iter().filter_map(|user| places.get(user["id"].as_str()?).copied());
        followed.insert(place, known.chain([place]).collect());
    }
    let (followed, counts) = (Arc::new(followed), Arc::new(Counts::default()));
    let weights: Vec<f64> =
        (1..=people.len()).map(|rank| 1.0 / f64::from(u32::try_from(rank).unwrap_or(1))).collect();
    let shares: Arc<Vec<f64>> = Arc::new(
        weights
            .iter()
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect(),
    );
    let before = lookups(&client, kith).await?;
    let started = Instant::now();
    let tasks = (0..CONNECTIONS).map(|seed| {
        let (people, followed, shares, counts) =
            (Arc::clone(&people), Arc::clone(&followed), Arc::clone(&shares), Arc::clone(&counts));
        let (client, address) = (client.clone(), kith.address.clone());
        tokio::spawn(async move {
            let mut dice = SmallRng::seed_from_u64(seed as u64);
            let mut times: Vec<(u64, f64)> = Vec::new();
            while started.elapsed() < duration {
                let pick = |dice: &mut SmallRng| {
                    let point = dice.random_range(0.0..*shares.last().unwrap_or(&1.0));
                    shares.partition_point(|share| *share < point).min(people.len() - 1)
                };
                let (who, whom) = (pick(&mut dice), pick(&mut dice));
                let kind = dice.random_range(0..100u32);
                let begun = Instant::now();
                let is_write = dice.random_range(0..WRITES) == 0;
                let caller = Caller { client: &client, address: &address, people: &people };
                let done = if is_write {
                    counts.writes.fetch_add(1, Ordering::Relaxed);
                    caller.write(who, kind).await
                } else {
                    counts.reads.fetch_add(1, Ordering::Relaxed);
                    caller.read(who, whom, kind, &followed[&who]).await
                };
                times.push((started.elapsed().as_secs() / 60, begun.elapsed().as_secs_f64() * 1e3));
                match done {
                    Ok(true) => {}
                    Ok(false) => {
                        counts.stale.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => {
                        counts.errors.fetch_add(1, Ordering::Relaxed);
                        eprintln!("{error}");
                    }
                }
            }
            times
        })
    });
    let watch = tokio::spawn(stolen(started, duration));
    let mut minutes: HashMap<u64, Vec<f64>> = HashMap::new();
    for times in join_all(tasks).await {
        for (minute, time) in times? {
            minutes.entry(minute).or_default().push(time);
        }
    }
    let after = lookups(&client, kith).await?;
    let page = metrics(&client, kith).await?;
    Ok(Mix {
        seconds: duration.as_secs(),
        reads: counts.reads.load(Ordering::Relaxed),
        writes: counts.writes.load(Ordering::Relaxed),
        errors: counts.errors.load(Ordering::Relaxed),
        stale: counts.stale.load(Ordering::Relaxed),
        p99: p99(minutes, duration),
        stolen: watch.await?,
        hit_rate: (after.0 - before.0) / (after.0 - before.0 + after.1 - before.1).max(1.0),
        cache_bytes: sum(&page, "kith_cache_bytes", ""),
        resident: kith.resident(),
    })
}

/// The 99th percentile of each minute.
fn p99(mut minutes: HashMap<u64, Vec<f64>>, duration: Duration) -> Vec<f64> {
    let mut p99 = Vec::new();
    for minute in 0..duration.as_secs().div_ceil(60) {
        let Some(times) = minutes.get_mut(&minute).filter(|times| times.len() > 100) else { continue };
        times.sort_by(f64::total_cmp);
        p99.push(times[times.len() * 99 / 100]);
    }
    p99
}

/// The share of the processors' time that is stolen in each minute from then on.
async fn stolen(started: Instant, duration: Duration) -> Vec<f64> {
    let mut stolen = Vec::new();
    for minute in 1..=duration.as_secs().div_ceil(60) {
        let then = Processors::now();
        tokio::time::sleep_until((started + duration.min(Duration::from_mins(minute))).into()).await;
        stolen.push(Processors::stolen_since(then));
    }
    stolen
}

struct Caller<'a> {
    client: &'a Client,
    address: &'a str,
    people: &'a [Person],
}

impl Caller<'_> {
    /// Whether the answer is as new as what had been acknowledged before.
    async fn read(&self, who: usize, whom: usize, kind: u32, followed: &[usize]) -> Result<bool> {
        let (reader, person) = (&self.people[who], &self.people[whom]);
        let posted = |person: &Person| person.known.posted.load(Ordering::SeqCst);
        let newest = |page: &Value| moment(&page["items"][0]["rank_at"]);
        match kind {
            0..50 => {
                let wanted =
                    followed.iter().map(|place| posted(&self.people[*place])).max().unwrap_or_default();
                Ok(newest(&self.get("/v1/feeds/home", &reader.viewer.token).await?) >= wanted)
            }
            50..70 => {
                let wanted = posted(person);
                let path = format!("/v1/users/{}/posts", person.viewer.id);
                Ok(newest(&self.get(&path, &reader.viewer.token).await?) >= wanted)
            }
            70..90 => {
                let wanted = person.known.bio.load(Ordering::SeqCst);
                let user = self.get(&format!("/v1/users/{}", person.viewer.id), "").await?;
                let bio = user["bio"].as_str().and_then(|bio| bio.strip_prefix("Bio ")?.parse::<u64>().ok());
                Ok(bio.unwrap_or_default() >= wanted)
            }
            _ => {
                self.get("/v1/feeds/public", &reader.viewer.token).await?;
                Ok(true)
            }
        }
    }

    async fn write(&self, who: usize, kind: u32) -> Result<bool> {
        let person = &self.people[who];
        if kind < 60 {
            let made = self.send(Method::POST, "/v1/posts", person, &json!({"text": "Something"})).await?;
            person.known.posted.fetch_max(moment(&made["created_at"]), Ordering::SeqCst);
        } else {
            let mut number = person.writing.lock().await;
            *number += 1;
            let bio = json!({"bio": format!("Bio {number}")});
            self.send(Method::PATCH, "/v1/me", person, &bio).await?;
            person.known.bio.fetch_max(*number, Ordering::SeqCst);
        }
        Ok(true)
    }

    async fn get(&self, path: &str, token: &str) -> Result<Value> {
        get(self.client, self.address, path, token).await
    }

    async fn send(&self, method: Method, path: &str, person: &Person, body: &Value) -> Result<Value> {
        send(self.client, method, self.address, path, &person.viewer.token, body).await
    }
}

/// Who takes part in the mix, the busiest first.
pub async fn people(app: &App, ids: impl Iterator<Item = &String>) -> Result<Vec<Viewer>> {
    let mut people: Vec<Viewer> = Vec::new();
    for id in ids.take(PEOPLE) {
        if people.iter().any(|known| known.id == *id) {
            continue;
        }
        let token = open_session(app, id).await.map_err(|error| error.to_string())?;
        people.push(Viewer { id: id.clone(), token });
    }
    Ok(people)
}

/// In microseconds.
fn moment(value: &Value) -> u64 {
    let moment = serde_json::from_value::<Timestamp>(value.clone()).unwrap_or_default();
    u64::try_from(moment.0).unwrap_or_default()
}

pub fn client() -> Result<Client> {
    // Another call may have chosen one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::builder().timeout(Duration::from_secs(30)).build()?)
}

async fn get(client: &Client, address: &str, path: &str, token: &str) -> Result<Value> {
    let mut request = client.get(format!("http://{address}{path}"));
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await?.error_for_status()?;
    Ok(serde_json::from_slice(&answer.bytes().await?)?)
}

async fn send(
    client: &Client,
    method: Method,
    address: &str,
    path: &str,
    token: &str,
    body: &Value,
) -> Result<Value> {
    let request = client.request(method, format!("http://{address}{path}")).bearer_auth(token);
    let answer = request.header("content-type", "application/json").body(body.to_string()).send().await?;
    Ok(serde_json::from_slice(&answer.error_for_status()?.bytes().await?)?)
}

async fn metrics(client: &Client, kith: &Process) -> Result<String> {
    let page = client.get(format!("http://{}/metrics", kith.address)).send().await?.error_for_status()?;
    Ok(String::from_utf8_lossy(&page.bytes().await?).into_owned())
}

/// The sum of a metric over those of its labels that contain something.
fn sum(page: &str, name: &str, with: &str) -> f64 {
    let lines =
        page.lines().filter_map(|line| line.strip_prefix(name)).filter(|rest| rest.starts_with([' ', '{']));
    lines
        .filter(|rest| rest.contains(with))
        .filter_map(|rest| rest.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum()
}

/// How many whole answers were found, and how many were not.
async fn lookups(client: &Client, kith: &Process) -> Result<(f64, f64)> {
    let page = metrics(client, kith).await?;
    let answers = |outcome: &str| {
        // Parts of answers are named by the files of statements.
        let all = sum(&page, "kith_cache_lookups_total", outcome);
        let parts: f64 = page
            .lines()
            .filter(|line| {
                line.starts_with("kith_cache_lookups_total")
                    && line.contains(".cypher")
                    && line.contains(outcome)
            })
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
            .sum();
        all - parts
    };
    Ok((answers("outcome=\"hit\""), answers("outcome=\"miss\"")))
}
