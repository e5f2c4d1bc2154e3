//! Somebody may neither write nor read, and is shown to nobody, until a moment or for good.

use crate::{clock::Timestamp, error::Error};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspension {
    until: Option<Timestamp>,
}

impl Suspension {
    /// From what a row says.
    pub fn of(suspended: bool, until: Option<Timestamp>) -> Option<Self> {
        suspended.then_some(Self { until })
    }

    fn is_over(self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Refuses while it lasts.
    pub fn check(suspension: Option<Self>, now: Timestamp) -> Result<(), Error> {
        match suspension {
            Some(suspension) if !suspension.is_over(now) => Err(Error::Suspended(suspension.until)),
            _ => Ok(()),
        }
    }
}
