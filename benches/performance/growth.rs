//! What ten times the world costs: both worlds are served at a time, and the same reads of either are asked for in turn.

use std::{error::Error, time::Duration};

use crate::{
    TURN, TURNS, load,
    server::{Engine, Process},
    world::{HOME, PUBLIC, World},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What is read without a cache.
const READS: [&str; 5] = [HOME, PUBLIC, "thread", "profile", "posts of a user"];

/// CPU time of a request in the larger world beside the smaller one, with the database's.
#[derive(Debug)]
pub struct Growth {
    pub engine: Engine,
    /// Without a cache, each by its name.
    pub cold: Vec<(&'static str, f64)>,
    /// The home feed where whole pages are kept.
    pub warm: f64,
}

pub async fn growth(engine: Engine, users: [u32; 2], duration: Duration) -> Result<Growth> {
    let (small, app) = World::prepare(engine, users[0], false).await?;
    let of_small = small.serve(app).await?;
    let (large, app) = World::prepare(engine, users[1], false).await?;
    let of_large = large.serve(app).await?;
    let cases = [small.cases(&of_small)?, large.cases(&of_large)?];
    let worlds = [&small, &large];
    let beside = |kiths: [&Process; 2], name: &str, turn: Duration, turns: u32| -> Result<f64> {
        let sides = [0, 1].map(|place| worlds[place].side(kiths[place], &cases[place], name));
        let [Some(small), Some(large)] = &sides else {
            return Err(format!("nothing is called {name}").into());
        };
        let [small, large] = load::costs([small, large], turn, turns)?;
        eprintln!("{engine}, {name}: {small:.4} ms, {large:.4} ms");
        Ok(large / small)
    };
    let mut cold = Vec::new();
    for name in READS {
        cold.push((name, beside([&of_small, &of_large], name, duration, TURNS / TURN)?));
    }
    let (of_small, of_large) = (small.serve_cached(of_small)?, large.serve_cached(of_large)?);
    let warm = beside([&of_small, &of_large], HOME, duration / TURN, TURNS)?;
    Ok(Growth { engine, cold, warm })
}
