//! The only source of the present, of new ids and of rank keys.
//!
//! A **rank key** is what feeds and threads are ordered by: microseconds since the Unix epoch in its
//! high bits, a per-process sequence in the low [`SEQUENCE_BITS`]. It never repeats or goes back within
//! one process, even when the system clock does, and begins behind the newest post of the graph. Two
//! processes can still make equal keys; every order is therefore by (rank key, id).

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// How many low bits of a rank key count entries made within one microsecond.
pub const SEQUENCE_BITS: u32 = 10;

/// Microseconds in one UTC day.
pub const DAY: i64 = 86_400_000_000;

/// A moment: microseconds since the Unix epoch in the graph, RFC 3339 UTC with microseconds on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment that a rank key was made.
    pub fn of_rank_key(rank_key: i64) -> Self {
        Self(rank_key >> SEQUENCE_BITS)
    }

    /// The smallest rank key of this moment.
    pub fn rank_key(self) -> i64 {
        self.0 << SEQUENCE_BITS
    }

    pub fn rfc3339(self) -> String {
        DateTime::<Utc>::from_timestamp_micros(self.0)
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
            .to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// The first microsecond of this moment's UTC day.
    #[must_use]
    pub fn start_of_day(self) -> Self {
        Self(self.0 - self.0.rem_euclid(DAY))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

/// Reads the graph's integer, and also RFC 3339, so that a stored answer can be read back.
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Timestamp;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("microseconds since the epoch, or RFC 3339")
            }
            fn visit_i64<E: serde::de::Error>(self, micros: i64) -> Result<Timestamp, E> {
                Ok(Timestamp(micros))
            }
            fn visit_u64<E: serde::de::Error>(self, micros: u64) -> Result<Timestamp, E> {
                i64::try_from(micros).map(Timestamp).map_err(E::custom)
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                DateTime::parse_from_rfc3339(text)
                    .map(|moment| Timestamp(moment.timestamp_micros()))
                    .map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Type for Timestamp {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> std::borrow::Cow<'static, str> {
        "string_date-time".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "date-time")))
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for Timestamp {
    fn parse_from_json(value: Option<serde_json::Value>) -> ParseResult<Self> {
        serde_json::from_value(value.unwrap_or_default()).map_err(ParseError::custom)
    }
}

impl ToJSON for Timestamp {
    fn to_json(&self) -> Option<serde_json::Value> {
        Some(self.rfc3339().into())
    }
}

/// The first of some moments, as far as is known: at the beginning none of them is, and any may be over.
#[derive(Debug)]
pub struct First(AtomicI64);

impl Default for First {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl First {
    /// This is one of them.
    pub fn note(&self, moment: Timestamp) {
        self.0.fetch_min(moment.0, Ordering::SeqCst);
    }

    /// There is none of them but those that are noted from now on.
    pub fn forget(&self) {
        self.0.store(i64::MAX, Ordering::SeqCst);
    }

    /// Whether all of them are later than that.
    pub fn is_after(&self, moment: Timestamp) -> bool {
        self.0.load(Ordering::SeqCst) > moment.0
    }
}

/// The clock of one running Kith. Tests set it to a moment of their own.
#[derive(Debug, Default)]
pub struct Clock {
    last_key: AtomicI64,
    /// Microseconds that a test added to the system clock.
    offset: AtomicI64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system clock")]
    pub fn now(&self) -> Timestamp {
        Timestamp(Utc::now().timestamp_micros() + self.offset.load(Ordering::Relaxed))
    }

    /// Moves this clock by so many microseconds, forwards or back.
    pub fn shift(&self, micros: i64) {
        self.offset.fetch_add(micros, Ordering::Relaxed);
    }

    /// Makes all rank keys larger than one that is there already. A clock that was set back while Kith was down, or that
    /// is behind another instance's, would rank what is new behind what is old, where no stream looks for it.
    pub fn rank_after(&self, key: i64) {
        let ahead = Timestamp::of_rank_key(key).0 - self.now().0;
        if ahead > 0 {
            tracing::warn!(
                seconds = ahead / 1_000_000,
                "the newest post is from the future, or this clock is slow"
            );
        }
        self.last_key.fetch_max(key, Ordering::Relaxed);
    }

    /// The latest rank key that this process has given out, or found when it started.
    pub fn last_rank_key(&self) -> i64 {
        self.last_key.load(Ordering::Relaxed)
    }

    /// A rank key for now that is larger than every earlier one of this process.
    pub fn next_rank_key(&self) -> i64 {
        let now = self.now().rank_key();
        let previous = self
            .last_key
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(now.max(last + 1)))
            .unwrap_or_default();
        now.max(previous + 1)
    }
}

/// A new opaque CUID2 id.
pub fn new_id() -> String {
    cuid2::create_id()
}

/// Whether a text has the shape of an id: `^[a-z][a-z0-9]{23}$`.
pub fn is_id(text: &str) -> bool {
    text.len() == 24
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// The id that the given parts always have: a CUID2 in shape, made from their SHA-256.
///
/// What can exist once for its parts, such as a user's repost of a post, needs no other key.
pub fn derived_id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let letters = digest
        .iter()
        .skip(1)
        .take(23)
        .map(|byte| char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[usize::from(*byte) % 36]));
    std::iter::once(char::from(b'a' + digest[0] % 26)).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_keys_only_grow_even_when_the_clock_steps_back() {
        let clock = Clock::default();
        let mut last = 0;
        for step in 0..2000 {
            if step == 1000 {
                clock.shift(-DAY);
            }
            let key = clock.next_rank_key();
            assert!(key > last, "{key} after {last}");
            last = key;
        }
    }

    #[test]
    fn a_rank_key_tells_its_moment() {
        let moment = Timestamp(1_760_000_000_123_456);
        assert_eq!(Timestamp::of_rank_key(moment.rank_key() + 7), moment);
        assert_eq!(moment.rfc3339(), "2025-10-09T08:53:20.123456Z");
        assert_eq!(moment.start_of_day().rfc3339(), "2025-10-09T00:00:00.000000Z");
    }
}
