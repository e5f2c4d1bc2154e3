//! Turns that count: those of which the machine below has taken little.
//!
//! The processors of a virtual machine are shared. What its host gives to others while something here wants to run is
//! counted as stolen in `/proc/stat` (proc(5)), and may be half of all for a minute, after which it is nothing.

use std::fs;

/// A turn is quiet if no more than this share of the processors' time was stolen: two or three percent are usual.
pub const QUIET: f64 = 0.05;
/// How many times as many turns are taken at most, for so many of them to be quiet.
pub const AT_MOST: usize = 2;

/// The processors' time since the start of the machine, in ticks.
#[derive(Clone, Copy)]
pub struct Processors {
    stolen: f64,
    all: f64,
}

impl Processors {
    pub fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let first = stat.lines().next().unwrap_or_default();
        // user, nice, system, idle, iowait, irq, softirq, steal; what comes after these is in them.
        let ticks: Vec<f64> =
            first.split_whitespace().skip(1).take(8).filter_map(|field| field.parse().ok()).collect();
        Self { stolen: ticks.get(7).copied().unwrap_or_default(), all: ticks.iter().sum() }
    }

    /// The share of all time since then that was stolen.
    pub fn stolen_since(then: Self) -> f64 {
        let now = Self::now();
        (now.stolen - then.stolen) / (now.all - then.all).max(1.0)
    }
}

/// What came of so many turns, and the share of the processors' time that was stolen in them. If that was much in some,
/// others are taken instead: those with the least count, whatever came of them.
pub fn quiet<T, E>(turns: u32, mut take: impl FnMut() -> Result<T, E>) -> Result<(Vec<T>, f64), E> {
    let turns = usize::try_from(turns.max(1)).unwrap_or(usize::MAX);
    let mut taken: Vec<(f64, T)> = Vec::new();
    while taken.len() < turns * AT_MOST && taken.iter().filter(|(stolen, _)| *stolen <= QUIET).count() < turns
    {
        let then = Processors::now();
        let turn = take()?;
        taken.push((Processors::stolen_since(then), turn));
    }
    taken.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    taken.truncate(turns);
    let stolen = taken.iter().map(|(stolen, _)| stolen).sum::<f64>();
    let count = f64::from(u32::try_from(taken.len()).unwrap_or(u32::MAX));
    Ok((taken.into_iter().map(|(_, turn)| turn).collect(), stolen / count))
}
