//! Cursor pages: bounds, opaque cursors bound to their list, and the page type itself.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use poem_openapi::{
    Object,
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::Sha256;

use crate::{error::Error, http::answer::Continues};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
pub struct Page<T: Type + ParseFromJSON + ToJSON + Send + Sync> {
    /// The items, in the list's order. Fewer than asked for only on the last page.
    #[oai(validator(max_items = 100))]
    pub items: Vec<T>,
    /// Gives the next page when passed as `cursor`; null exactly at the end of the list.
    #[oai(validator(pattern = "^[A-Za-z0-9_-]+$"))]
    pub next_cursor: Option<String>,
}

impl<T: Type + ParseFromJSON + ToJSON + Send + Sync> Continues for Page<T> {
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

/// A whole number between two bounds, with a value for when nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounded<const LEAST: u32, const MOST: u32, const DEFAULT: u32>(u32);

/// How many items a page may have.
pub type Limit = Bounded<1, 100, 20>;

impl<const LEAST: u32, const MOST: u32, const DEFAULT: u32> Bounded<LEAST, MOST, DEFAULT> {
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

impl<const LEAST: u32, const MOST: u32, const DEFAULT: u32> From<Bounded<LEAST, MOST, DEFAULT>> for i64 {
    fn from(number: Bounded<LEAST, MOST, DEFAULT>) -> Self {
        number.0.into()
    }
}

impl<const LEAST: u32, const MOST: u32, const DEFAULT: u32> Default for Bounded<LEAST, MOST, DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const LEAST: u32, const MOST: u32, const DEFAULT: u32> Type for Bounded<LEAST, MOST, DEFAULT> {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> std::borrow::Cow<'static, str> {
        format!("integer_{LEAST}_{MOST}").into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            minimum: Some(LEAST.into()),
            maximum: Some(MOST.into()),
            default: Some(DEFAULT.into()),
            ..MetaSchema::new_with_format("integer", "int32")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl<const LEAST: u32, const MOST: u32, const DEFAULT: u32> ParseFromParameter
    for Bounded<LEAST, MOST, DEFAULT>
{
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        value
            .parse()
            .ok()
            .filter(|number| (LEAST..=MOST).contains(number))
            .map(Self)
            .ok_or_else(|| ParseError::custom(format!("must be a whole number from {LEAST} to {MOST}")))
    }
}

/// What a list operation is asked: how many, from where.
#[derive(Clone, Debug, Default)]
pub struct Paging {
    pub limit: usize,
    pub cursor: Option<String>,
}

impl Paging {
    pub fn new(limit: Option<Limit>, cursor: Option<String>) -> Self {
        Self { limit: limit.unwrap_or_default().get(), cursor }
    }
}

/// A position in a list ordered by (rank key, id): everything up to and including it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    #[serde(rename = "k")]
    pub key: i64,
    #[serde(rename = "i")]
    pub id: String,
}

impl Position {
    /// Before the first item of a newest-first list.
    pub fn newest() -> Self {
        Self { key: i64::MAX, id: String::new() }
    }

    /// Whether an item stands after this position in newest-first order.
    pub fn is_before(&self, key: i64, id: &str) -> bool {
        key < self.key || (key == self.key && !self.id.is_empty() && id < self.id.as_str())
    }
}

/// Makes cursors and reads them back. A cursor names no list in the clear, but its seal covers the list it
/// was made for, so that it opens nothing else.
#[derive(Clone)]
pub struct Cursors {
    key: Hmac<Sha256>,
}

/// Leads every cursor, so that a later format can be told apart.
const VERSION: u8 = 1;
const SEAL_BYTES: usize = 10;

impl Cursors {
    pub fn new(secret: &[u8]) -> Self {
        let mut key =
            Hmac::<Sha256>::new_from_slice(secret).unwrap_or_else(|_| unreachable!("any length is a key"));
        key.update(b"kith cursor");
        Self { key }
    }

    pub fn seal<P: Serialize>(&self, list: &str, position: &P) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(serde_json::to_vec(position).unwrap_or_default());
        let seal = self.seal_of(list, &bytes);
        bytes.extend(seal);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub fn open<P: DeserializeOwned>(&self, list: &str, cursor: &str) -> Result<P, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::InvalidCursor)?;
        let body = bytes.len().checked_sub(SEAL_BYTES).ok_or(Error::InvalidCursor)?;
        let (body, seal) = bytes.split_at(body);
        if body.first() != Some(&VERSION) || self.seal_of(list, body) != seal {
            return Err(Error::InvalidCursor);
        }
        serde_json::from_slice(&body[1..]).map_err(|_| Error::InvalidCursor)
    }

    fn seal_of(&self, list: &str, body: &[u8]) -> [u8; SEAL_BYTES] {
        let mut mac = self.key.clone();
        mac.update(&(list.len() as u64).to_be_bytes());
        mac.update(list.as_bytes());
        mac.update(body);
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|index| full[index])
    }

    /// Where a list is to be continued: what the cursor says, or `start` without one.
    pub fn position<P: DeserializeOwned>(&self, list: &str, paging: &Paging, start: P) -> Result<P, Error> {
        paging.cursor.as_deref().map_or(Ok(start), |cursor| self.open(list, cursor))
    }

    /// The page behind a position of a list whose items may be hidden or gone by the time that they are read. Their places
    /// are filled from behind, so that only the last page is short. `read` tells what is at the next so many positions.
    pub async fn filled<T, R>(
        &self,
        list: &str,
        paging: &Paging,
        mut position: Position,
        read: impl Fn(Position, usize) -> R,
    ) -> Result<Page<T>, Error>
    where
        T: Type + ParseFromJSON + ToJSON + Send + Sync,
        R: Future<Output = Result<Vec<(Position, Option<T>)>, Error>>,
    {
        let wanted = paging.limit + 1;
        let mut found: Vec<(Position, T)> = Vec::new();
        loop {
            let asked = wanted - found.len();
            let places = read(position.clone(), asked).await?;
            let exhausted = places.len() < asked;
            for (place, item) in places {
                found.extend(item.map(|item| (place.clone(), item)));
                position = place;
            }
            if exhausted || found.len() == wanted {
                break;
            }
        }
        let (found, next_cursor) = self.cut(list, paging.limit, found, |(place, _)| place.clone());
        Ok(Page { items: found.into_iter().map(|(_, item)| item).collect(), next_cursor })
    }

    /// The first `limit` of the rows, which must be one more than that when the list goes on, and then the cursor
    /// behind them.
    pub fn cut<R, P: Serialize>(
        &self,
        list: &str,
        limit: usize,
        mut rows: Vec<R>,
        position: impl Fn(&R) -> P,
    ) -> (Vec<R>, Option<String>) {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| self.seal(list, &position(row)));
        (rows, next_cursor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_from_its_own_list_only(key: i64, id in "[a-z0-9]{1,24}", list in "[a-z:]{1,20}") {
            let cursors = Cursors::new(b"secret");
            let position = Position { key, id };
            let cursor = cursors.seal(&list, &position);
            prop_assert_eq!(cursors.open::<Position>(&list, &cursor).unwrap(), position);
            let other_list = format!("{list}x");
            prop_assert!(cursors.open::<Position>(&other_list, &cursor).is_err());
            prop_assert!(Cursors::new(b"other").open::<Position>(&list, &cursor).is_err());
        }

        #[test]
        fn an_altered_cursor_is_refused(key: i64, at in 0usize..40, flip in 1u8..64) {
            let cursors = Cursors::new(b"secret");
            let cursor = cursors.seal("home", &Position { key, id: "abc".into() });
            let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            prop_assert!(cursors.open::<Position>("home", &URL_SAFE_NO_PAD.encode(bytes)).is_err());
        }

        #[test]
        fn noise_is_no_cursor(noise in ".{0,60}") {
            prop_assert!(Cursors::new(b"secret").open::<Position>("home", &noise).is_err());
        }
    }
}
