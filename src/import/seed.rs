//! `kith seed`: fills a graph with a made-up world, and with somebody to log in as.

pub use super::seed_world::Options;
use super::{
    ImportError, Report,
    bulk::Loader,
    progress::Progress,
    queries::PairRow,
    seed_world::{Dice, World},
};
use crate::{
    app::App,
    auth::queries::FindCredential,
    clock::{DAY, Timestamp, derived_id},
    error::Error,
    idempotency::Plain,
    users::queries::CreateUser,
};

/// The handle to log in with.
pub const DEMO: &str = "demo";
/// How many people the demo user follows, and is followed by, if there are as many.
const DEMO_FOLLOWS: usize = 30;
const DEMO_FOLLOWERS: usize = 12;

/// Makes the world and loads what of it is not in the graph yet.
pub async fn seed(app: &App, options: &Options, progress: &dyn Progress) -> Result<Report, ImportError> {
    let until = options.until.unwrap_or_else(|| app.clock.now());
    let mut world = World::make(options, until);
    let mut notes = Vec::new();
    if let Some(demo) = demo_user(app, options, until, &mut notes).await? {
        befriend(&mut world, options, until, &demo);
    }
    let mut loader = Loader::new(&app.store, progress);
    loader.users(&world.users).await?;
    loader.follows(&world.follows).await?;
    loader.posts(&world.posts).await?;
    loader.reposts(&world.reposts).await?;
    loader.comments(world.comments).await?;
    loader.post_likes(&world.post_likes).await?;
    loader.comment_likes(&world.comment_likes).await?;
    loader.report.notes = notes;
    loader.finish().await
}

/// Registers the demo user as the API would. None: the handle is somebody else's.
async fn demo_user(
    app: &App,
    options: &Options,
    until: Timestamp,
    notes: &mut Vec<String>,
) -> Result<Option<String>, ImportError> {
    let id = derived_id(&["seed", DEMO]);
    let password = options.password.clone();
    let login = format!("Log in with handle {DEMO} and password {password}");
    if let Some(found) = app.store.run(&FindCredential { handle: DEMO.to_owned() }).await?.pop() {
        if found.user_id != id {
            notes.push(format!("The handle {DEMO} is somebody else's: there is no demo login."));
            return Ok(None);
        }
        notes.push(if app.passwords.verify(password, Some(found.password_hash)).await? {
            login
        } else {
            format!("The demo user has another password than {}; it was left as it is.", options.password)
        });
        return Ok(Some(id));
    }
    let creation = CreateUser {
        id: id.clone(),
        handle: DEMO.to_owned(),
        display_name: "Demo".to_owned(),
        bio: Some("Here to look around.".to_owned()),
        password_hash: Some(app.passwords.hash(password).await?),
        now: until.0 - 60 * DAY,
    };
    match app.store.write(&Plain { creation: &creation }).await {
        Ok(_) => {
            notes.push(login);
            Ok(Some(id))
        }
        Err(Error::HandleTaken(_)) => {
            notes.push(format!("The handle {DEMO} is somebody else's: there is no demo login."));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives the demo user people to follow, popular ones rather than not, and some who follow back.
fn befriend(world: &mut World, options: &Options, until: Timestamp, demo: &str) {
    let mut dice = Dice::new(options.seed.wrapping_add(1));
    let mut followed: Vec<usize> = Vec::new();
    // Bounded, for a world may have fewer people than that.
    for _ in 0..DEMO_FOLLOWS * 20 {
        let user = world.popularity.pick(&mut dice);
        if user < world.users.len() && followed.len() < DEMO_FOLLOWS && !followed.contains(&user) {
            followed.push(user);
        }
    }
    for (place, user) in followed.iter().enumerate() {
        let user = world.users[*user].id.clone();
        let rank_key = Timestamp(until.0 - DAY).rank_key() + i64::try_from(place).unwrap_or_default();
        if place < DEMO_FOLLOWERS {
            world.follows.push(PairRow { source: user.clone(), target: demo.to_owned(), rank_key });
        }
        world.follows.push(PairRow { source: demo.to_owned(), target: user, rank_key });
    }
}
