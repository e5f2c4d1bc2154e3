//! What trust costs: feeds of which everything has to be checked beside such of which nothing has, a token, and a flood of
//! bad tokens.

use std::{
    error::Error,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use kith::{
    app::App,
    auth::{self, Keys, Tokens},
    clock::new_id,
    config::Config,
    cypher::{Access, IdRow, Query},
    http::server,
    import::queries::{ImportUsers, UserRow},
};
use poem::{
    Endpoint, Request, Response,
    endpoint::BoxEndpoint,
    http::{HeaderMap, HeaderValue, Method, header},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    TURN, TURNS,
    crowd::client,
    load::{self, Case, Side},
    server::{Engine, Process},
    viewer::Viewer,
    world::{HOME, World, plain},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How many people read, and how many each of them blocks, and mutes, and words that they mute.
const READERS: usize = 50;
const HIDDEN: usize = 10;
/// Pages of what is kept: each of another length, so that none of them has been put together before.
const LENGTHS: std::ops::Range<usize> = 20..60;

/// What one feed costs beside another, of the same posts: CPU time of a request, with the database's.
#[derive(Debug)]
pub struct Privacy {
    pub cold: f64,
    /// Pages that are put together from kept parts.
    pub parts: f64,
    pub warm: f64,
}

#[derive(Debug)]
pub struct Token {
    pub what: &'static str,
    /// In microseconds.
    pub time: f64,
}

#[derive(Debug)]
pub struct Flood {
    /// Requests with bad tokens a second, and how many of them a second have their tokens checked.
    pub per_second: f64,
    pub allowed: f64,
    /// Good requests a second, and their 99th percentiles in milliseconds without the flood and in it.
    pub paced: u32,
    pub quiet: f64,
    pub flooded: f64,
    /// Of the good requests.
    pub errors: usize,
}

/// Reads the same home feeds twice: as they are, all posts for everybody and nobody hidden, and with all posts for
/// followers alone, read by people who have blocked, muted, and muted words.
pub async fn privacy(engine: Engine, users: u32, duration: Duration) -> Result<Privacy> {
    let (open, app) = World::prepare(engine, users, false).await?;
    app.store.run(&SetAudience { visibility: "public" }).await?;
    let kith = open.serve(app).await?;
    let (guarded, app) = World::prepare_in("guarded", engine, users, false).await?;
    guard(&guarded, &app).await?;
    let guarded_kith = guarded.serve(app).await?;
    let what = |[open, guarded]: [f64; 2]| {
        eprintln!("{engine}: {open:.4} ms, {guarded:.4} ms");
        guarded / open
    };
    let cold = load::costs([&side(&open, &kith), &side(&guarded, &guarded_kith)], duration, TURNS / TURN)?;
    let (kith, guarded_kith) = (open.serve_cached(kith)?, guarded.serve_cached(guarded_kith)?);
    let sides = [&side(&open, &kith), &side(&guarded, &guarded_kith)];
    let parts = parts([&open, &guarded], sides).await?;
    let warm = load::costs(sides, duration / TURN, TURNS)?;
    Ok(Privacy { cold: what(cold), parts: what(parts), warm: what(warm) })
}

/// Home feeds of that world.
fn side<'a>(world: &World, kith: &'a Process) -> Side<'a> {
    let home = |viewer: &Viewer| ("/v1/feeds/home".to_owned(), viewer.token.clone(), String::new());
    let requests = world.viewers.iter().take(READERS).map(home).collect();
    Side { kith, database: world.database_process(), case: Case { name: HOME, requests } }
}

/// Reads pages that nobody has read, of posts that are kept, on either side in turn. A page of either costs so much, in
/// milliseconds.
async fn parts(worlds: [&World; 2], sides: [&Side<'_>; 2]) -> Result<[f64; 2]> {
    let client = client().map_err(plain)?;
    let page = async |side: &Side<'_>, viewer: &Viewer, limit: usize| -> Result<()> {
        let url = format!("http://{}/v1/feeds/home?limit={limit}", side.kith.address);
        let answer = client.get(url).bearer_auth(&viewer.token).send().await?.error_for_status()?;
        answer.bytes().await?;
        Ok(())
    };
    let viewers = worlds.map(|world| &world.viewers[..READERS.min(world.viewers.len())]);
    for (viewers, side) in viewers.into_iter().zip(sides) {
        for viewer in viewers {
            // What is kept of whom they follow is read a part at each time.
            for _ in 0..8 {
                page(side, viewer, LENGTHS.end).await?;
                page(side, viewer, LENGTHS.end + 1).await?;
            }
        }
    }
    let spent = |side: &Side| side.kith.cpu() + side.database.map(crate::server::cpu).unwrap_or_default();
    let before = sides.map(spent);
    for limit in LENGTHS {
        for (viewers, side) in viewers.into_iter().zip(sides) {
            for viewer in viewers {
                page(side, viewer, limit).await?;
            }
        }
    }
    let pages = f64::from(u32::try_from(LENGTHS.len() * viewers[0].len())?);
    let [open, guarded] = sides.map(spent);
    Ok([(open - before[0]) / pages, (guarded - before[1]) / pages])
}

/// Says of all posts for whom they are, but for those that were reposted or quoted, as only public ones can be. Both worlds
/// have to: what is stored of a post takes more room then, and time.
#[derive(Serialize)]
struct SetAudience {
    visibility: &'static str,
}

impl Query for SetAudience {
    const FILE: &'static str = "bench";
    const TEXT: &'static str = "MATCH (post:Post) WHERE NOT EXISTS { (post)<-[:OF|QUOTES]-() } SET post.visibility = $visibility \
         RETURN DISTINCT 'done' AS id";
    const EMBEDDED_TEXT: &'static str = Self::TEXT;
    const ACCESS: Access = Access::Write;
    type Row = IdRow;
}

/// Gives a reader something to be checked at each post, and leaves what they read as it is.
async fn guard(world: &World, app: &Arc<App>) -> Result<()> {
    app.store.run(&SetAudience { visibility: "followers" }).await?;
    let now = app.clock.now().0;
    let stranger = |place: usize| {
        let id = new_id();
        let (handle, source_id) = (format!("s{}", &id[..20]), format!("stranger:{id}"));
        UserRow {
            id,
            handle,
            display_name: format!("Stranger {place}"),
            bio: None,
            created_at: now,
            source_id,
        }
    };
    let rows: Vec<UserRow> = (0..2 * HIDDEN).map(stranger).collect();
    let strangers: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    app.store.run(&ImportUsers { rows }).await?;
    let endpoint = server::endpoint(Arc::clone(app), None);
    for viewer in world.viewers.iter().take(READERS) {
        let words = (0..HIDDEN).map(|number| format!("/v1/me/muted-words/unheard{number}"));
        let people = strangers.iter().enumerate().map(|(place, person)| {
            format!("/v1/users/{person}/{}", if place < HIDDEN { "block" } else { "mute" })
        });
        for path in words.chain(people) {
            let body = if path.ends_with("mute") { "{}" } else { "" };
            ask(&endpoint, Method::PUT, &path, &viewer.token, body.to_owned()).await?;
        }
    }
    Ok(())
}

/// What is answered in this process, if that is a success.
async fn ask(
    endpoint: &BoxEndpoint<'static, Response>,
    method: Method,
    path: &str,
    token: &str,
    body: String,
) -> Result<Response> {
    let request = Request::builder()
        .method(method)
        .uri(path.parse()?)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .content_type("application/json")
        .body(body);
    let response = endpoint.get_response(request).await;
    let status = response.status();
    if status.is_success() { Ok(response) } else { Err(format!("{status} for {path}").into()) }
}

/// What it takes to know who asks, in this process and in one thread: once the token was seen, and at first.
pub async fn tokens(users: u32) -> Result<Vec<Token>> {
    let (world, app) = World::prepare(Engine::Embedded, users, false).await?;
    let bearer = |token: &str| -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
        Ok(headers)
    };
    let sessions = world.viewers.iter().map(|viewer| bearer(&viewer.token)).collect::<Result<Vec<_>>>()?;
    let personal = personal_tokens(&world, &app).await?;
    let personal = personal.iter().map(|token| bearer(token)).collect::<Result<Vec<_>>>()?;
    let mut told = vec![
        Token { what: "of a session, seen before", time: known(&app, &sessions).await? },
        Token { what: "personal, seen before", time: known(&app, &personal).await? },
    ];
    let fresh = Tokens::new(&Keys::configured(&app.config)?, Duration::from_hours(1));
    let started = Instant::now();
    for viewer in &world.viewers {
        black_box(fresh.verify(&viewer.token).map_err(|error| error.to_string())?);
    }
    told.push(Token { what: "of a session, never seen", time: mean(started, world.viewers.len())? });
    app.store.close().await;
    eprintln!("{told:?}");
    Ok(told)
}

/// Microseconds each.
fn mean(since: Instant, times: usize) -> Result<f64> {
    Ok(since.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(times)?))
}

async fn known(app: &App, all: &[HeaderMap]) -> Result<f64> {
    const ROUNDS: usize = 500;
    let mut started = Instant::now();
    for round in 0..=ROUNDS {
        if round == 1 {
            // They have been seen now.
            started = Instant::now();
        }
        for headers in all {
            let proof = auth::known(app, headers).map_err(|error| error.to_string())?;
            let Some(proof) = proof else { return Err("nobody".into()) };
            if !auth::is_good(app, &proof).await.map_err(|error| error.to_string())? {
                return Err("not good".into());
            }
        }
    }
    mean(started, ROUNDS * all.len())
}

/// A personal token of each reader, used once.
async fn personal_tokens(world: &World, app: &Arc<App>) -> Result<Vec<String>> {
    let endpoint = server::endpoint(Arc::clone(app), None);
    let mut tokens = Vec::new();
    for viewer in world.viewers.iter().take(READERS) {
        let body = json!({"name": "bench", "scopes": ["read"]}).to_string();
        let made = ask(&endpoint, Method::POST, "/v1/me/tokens", &viewer.token, body).await?;
        let made: Value = made.into_body().into_json().await?;
        let token = made["token"].as_str().ok_or_else(|| format!("no token in {made}"))?.to_owned();
        ask(&endpoint, Method::GET, "/v1/me", &token, String::new()).await?;
        tokens.push(token);
    }
    Ok(tokens)
}

/// Good requests a second, and how many connections send them.
const PACED: u32 = 400;
const GOOD: usize = 20;
/// Connections of the flood: nearly as many as one address may have.
const BAD: usize = 400;
/// How often it is quiet and then flooded.
pub const FLOODS: usize = 3;

/// People read their home feeds at a steady pace, at first alone, and then beside a flood of requests whose tokens are in
/// order but for their signatures, from the same address.
pub async fn flood(engine: Engine, users: u32, duration: Duration) -> Result<Flood> {
    // For some dozens of requests to be slower than the 99th percentile.
    let duration = duration.max(Duration::from_secs(10));
    let (world, app) = World::prepare(engine, users, false).await?;
    drop(world.serve(app).await?);
    let kith = Process::limited(&world.store)?;
    let viewers: Arc<Vec<Viewer>> = Arc::new(world.viewers.clone());
    for _ in 0..3 {
        paced(&kith, &viewers, Duration::from_secs(2)).await.map_err(plain)?;
    }
    let spoilt = |token: &String| {
        let (text, signature) = token.rsplit_once('.').unwrap_or((token, ""));
        let signature: String = signature.chars().rev().collect();
        format!("{text}.A{}", signature.get(1..).unwrap_or_default())
    };
    let tokens: Vec<String> = world.viewers.iter().map(|viewer| spoilt(&viewer.token)).collect();
    let requests =
        tokens.into_iter().map(|token| ("/v1/feeds/home".to_owned(), token, String::new())).collect();
    let case = Case { name: "flood", requests };
    let case = Arc::new(case);
    let lasts = duration + Duration::from_secs(4);
    let (mut quiet, mut flooded, mut sent, mut errors) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..FLOODS {
        let (time, wrong) = paced(&kith, &viewers, duration).await.map_err(plain)?;
        quiet.push(time);
        errors += wrong;
        let (address, case) = (kith.address.clone(), Arc::clone(&case));
        let flood = tokio::task::spawn_blocking(move || {
            load::wrk(&address, &case, BAD, lasts).map_err(|error| error.to_string())
        });
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (time, wrong) = paced(&kith, &viewers, duration).await.map_err(plain)?;
        flooded.push(time);
        errors += wrong;
        sent.push(flood.await??.per_second());
    }
    eprintln!("{engine}: quiet {quiet:.1?}, in the flood {flooded:.1?}");
    let flood = Flood {
        per_second: load::middle(sent.into_iter()),
        allowed: f64::from(Config::defaults().rate_limits.unknown_tokens_per_minute) / 60.0,
        paced: PACED,
        quiet: load::middle(quiet.into_iter()),
        flooded: load::middle(flooded.into_iter()),
        errors,
    };
    eprintln!("{engine}: {flood:?}");
    Ok(flood)
}

/// The 99th percentile of requests that are sent at their times, in milliseconds from then, whenever they could be sent;
/// and how many were not answered as they should be.
async fn paced(
    kith: &Process,
    viewers: &Arc<Vec<Viewer>>,
    duration: Duration,
) -> std::result::Result<(f64, usize), Box<dyn Error + Send + Sync>> {
    let client = client()?;
    let each = Duration::from_secs(1) / PACED * u32::try_from(GOOD)?;
    let url = format!("http://{}/v1/feeds/home", kith.address);
    let begin = Instant::now() + Duration::from_millis(50);
    let tasks = (0..GOOD).map(|place| {
        let (client, url, viewers) = (client.clone(), url.clone(), Arc::clone(viewers));
        tokio::spawn(async move {
            let (mut times, mut errors) = (Vec::new(), 0);
            let mut due = begin + each * u32::try_from(place).unwrap_or(0) / u32::try_from(GOOD).unwrap_or(1);
            let mut turn = place;
            while due < begin + duration {
                tokio::time::sleep_until(due.into()).await;
                let viewer = &viewers[turn % viewers.len()];
                let answer = client.get(&url).bearer_auth(&viewer.token).send().await;
                let is_good = match answer {
                    Ok(answer) => answer.status().is_success() && answer.bytes().await.is_ok(),
                    Err(_) => false,
                };
                errors += usize::from(!is_good);
                times.push(due.elapsed().as_secs_f64() * 1e3);
                (due, turn) = (due + each, turn + GOOD);
            }
            (times, errors)
        })
    });
    let (mut times, mut errors) = (Vec::new(), 0);
    for done in join_all(tasks).await {
        let (of_task, wrong) = done?;
        times.extend(of_task);
        errors += wrong;
    }
    times.sort_by(f64::total_cmp);
    Ok((times.get(times.len() * 99 / 100).copied().unwrap_or_default(), errors))
}
