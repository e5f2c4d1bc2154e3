//! Whole answers, as the bytes that are sent.

use std::{
    ptr,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use bytes::Bytes;
use metrics::Counter;

use super::{Cache, Kept, Kind, Place, Reading, counter};
use crate::{
    http::coding::Coding,
    store::{Slot, Store},
};

/// One in so many uses of what is kept is told to the memory, which lets go first of what nobody asks it for. To ask it
/// costs a tenth of what a kept answer does.
const USES_PER_ASKING: u32 = 16;

/// An answer as it is sent.
#[derive(Debug)]
pub struct Answer {
    pub body: Bytes,
    pub etag: String,
    pub next_cursor: Option<String>,
    /// What it depends on.
    pub slots: Arc<[Slot]>,
    /// Where it is kept, if it is.
    place: Option<u64>,
    /// Where it counts as found.
    pub hits: Counter,
    /// The body as it was coded for whoever asked for that first.
    coded: [OnceLock<Bytes>; 2],
}

impl Answer {
    pub fn coded(&self, coding: Coding) -> Bytes {
        self.coded[coding as usize].get_or_init(|| coding.encode(&self.body).into()).clone()
    }
}

/// Where an answer is kept. It does not keep it: the memory may let go of it at any moment.
#[derive(Debug)]
pub struct Whereabouts {
    kept: Weak<Kept>,
    place: u64,
    uses: AtomicU32,
}

impl Whereabouts {
    /// Whether nothing is kept there any more.
    pub fn is_empty(&self) -> bool {
        self.kept.strong_count() == 0
    }
}

/// An answer that is kept, or the turn to make it.
pub enum Turn<'a> {
    Kept(Arc<Answer>),
    Make(Draft<'a>),
}

/// The turn to make an answer.
pub struct Draft<'a> {
    place: Option<Place<'a>>,
    reading: Reading<'a>,
}

impl Cache {
    /// The answer that is kept under that key, or the turn to make it. Who waits for another's gets it once it is made.
    pub async fn answer<'a>(&'a self, store: &'a Store, kind: Kind, key: &str) -> Turn<'a> {
        if self.memory.is_none() {
            return Turn::Make(Draft { place: None, reading: Reading::new(self, store) });
        }
        match self.kept_or_turn(kind, key).await {
            (Some(kept), _) => Turn::Kept(kept.value()),
            (None, place) => Turn::Make(Draft { place, reading: Reading::new(self, store) }),
        }
    }

    /// Where that very answer is kept, if it is.
    pub fn whereabouts(&self, answer: &Arc<Answer>) -> Option<Whereabouts> {
        let place = answer.place?;
        let kept = self.memory.as_ref()?.get(&place)?;
        ptr::addr_eq(Arc::as_ptr(&kept.value), Arc::as_ptr(answer)).then(|| Whereabouts {
            kept: Arc::downgrade(&kept),
            place,
            uses: AtomicU32::new(0),
        })
    }

    /// The answer that was kept there, if it still is, and holds. Whoever asks for it counts.
    pub fn kept(&self, there: &Whereabouts) -> Option<Arc<Answer>> {
        let kept = there.kept.upgrade().filter(|kept| self.holds(kept))?;
        if there.uses.fetch_add(1, Ordering::Relaxed).is_multiple_of(USES_PER_ASKING) {
            let _ = self.memory.as_ref()?.get(&there.place);
        }
        Some(kept.value())
    }
}

impl<'a> Draft<'a> {
    pub fn reading(&self) -> &Reading<'a> {
        &self.reading
    }

    /// Keeps what was made of the reading.
    pub fn keep(self, body: Bytes, etag: String, next_cursor: Option<String>) -> Arc<Answer> {
        let basis = self.reading.basis();
        // With room for the body in both codings.
        let weight = body.len() * 2 + etag.len() + 300;
        let answer = Arc::new(Answer {
            body,
            etag,
            next_cursor,
            slots: Arc::clone(&basis.slots),
            place: self.place.as_ref().map(|place| place.hash),
            hits: self.place.as_ref().map_or_else(Counter::noop, |place| counter(place.kind, true)),
            coded: Default::default(),
        });
        if let Some(place) = self.place {
            place.fill(basis, weight, answer.clone());
        }
        answer
    }
}
