//! How far a long command is: a bar on a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

/// What is told of the steps of a long command, one after the other.
pub trait Progress: Send + Sync {
    fn begin(&self, step: &'static str, total: usize);
    /// So many rows more are done for good.
    fn advance(&self, rows: usize);
    fn end(&self);
}

/// Tells nothing.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &'static str, _: usize) {}
    fn advance(&self, _: usize) {}
    fn end(&self) {}
}

/// What fits standard error.
pub fn to_stderr() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() { Box::new(Bar::default()) } else { Box::new(Lines::default()) }
}

#[derive(Default)]
struct Bar {
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress for Bar {
    fn begin(&self, step: &'static str, total: usize) {
        let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX)).with_message(step);
        let template = "{msg:16} {bar:32} {human_pos}/{human_len} {per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn advance(&self, rows: usize) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.inc(u64::try_from(rows).unwrap_or_default());
        }
    }

    fn end(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish();
        }
    }
}

/// A line when a step begins and ends, and one now and then in between.
#[derive(Default)]
struct Lines {
    step: Mutex<Option<Step>>,
}

struct Step {
    name: &'static str,
    done: usize,
    total: usize,
    told: Instant,
}

const BETWEEN_LINES: Duration = Duration::from_secs(5);

impl Progress for Lines {
    fn begin(&self, step: &'static str, total: usize) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Step { name: step, done: 0, total, told: Instant::now() });
    }

    fn advance(&self, rows: usize) {
        if let Some(step) = &mut *self.step.lock().unwrap_or_else(PoisonError::into_inner) {
            step.done += rows;
            if step.done < step.total && step.told.elapsed() >= BETWEEN_LINES {
                step.told = Instant::now();
                eprintln!("{}: {} of {}", step.name, step.done, step.total);
            }
        }
    }

    fn end(&self) {
        if let Some(step) = self.step.lock().unwrap_or_else(PoisonError::into_inner).take() {
            eprintln!("{}: {} of {}", step.name, step.done, step.total);
        }
    }
}
