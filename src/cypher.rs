//! Binds a `.cypher` file to the type of its parameters and the type of its rows.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use crate::store::{Addition, changes::Fact};

/// Whether a statement changes the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// One statement: the fields of the implementing struct are its `$parameters`.
pub trait Query: Serialize + Send + Sync {
    /// The file below `cypher/`, which is also its name in logs and metrics.
    const FILE: &'static str;
    const TEXT: &'static str;
    /// What the embedded engine runs: the same text, or that of the sibling `*.embedded.cypher`.
    const EMBEDDED_TEXT: &'static str;
    const ACCESS: Access;
    type Row: DeserializeOwned + Send + Sync + 'static;

    /// Whether it takes the rows to tell the facts. A write of which that is so has to be a transaction, for what it
    /// changes must be known before anybody can see it.
    const FACTS_OF_ROWS: bool = false;

    /// What it changes, or what its answer depends on.
    fn facts<'a>(&'a self, rows: &'a [Self::Row]) -> Vec<Fact<'a>> {
        let _ = rows;
        vec![Fact::Anything]
    }
}

/// A statement that asks the same about each of several things. What is known of some of them need not be asked again.
pub trait Keyed: Query<Row: Clone> + Sized {
    type Thing: Clone + AsRef<str>;

    /// What it asks about, each once.
    fn things(&self) -> &[Self::Thing];
    /// The same question about others.
    #[must_use]
    fn about(&self, things: Vec<Self::Thing>) -> Self;
    /// The name of a thing among all that the statement can be asked about.
    fn key(&self, thing: &Self::Thing) -> String {
        thing.as_ref().to_owned()
    }
    /// The key of what a row is about.
    fn key_of(&self, row: &Self::Row) -> String;
    /// About how many bytes a row takes.
    fn weight(row: &Self::Row) -> usize;

    /// Whether it lists what is [added](Addition), so that its answers can be [grown](Self::grown).
    const GROWS: bool = false;

    /// The answer about one of its things, by its place, that once was those rows, and to which nothing has happened since
    /// but those additions.
    fn grown(&self, place: usize, was: &[Self::Row], added: &[Arc<Addition>]) -> Vec<Self::Row> {
        let _ = (place, added);
        was.to_vec()
    }

    /// A question about one of its things, by its place, that the embedded graph answers for less and that has the same
    /// answer as this one, provided that it has as many rows as those, which were the answer at some time.
    fn renewal(&self, place: usize, was: &[Self::Row]) -> Option<Self> {
        let _ = (place, was);
        None
    }

    fn keys(&self) -> Vec<String> {
        self.things().iter().map(|thing| self.key(thing)).collect()
    }

    /// The same question about some of its things, by their places.
    #[must_use]
    fn only(&self, places: &[usize]) -> Self {
        self.about(places.iter().map(|&n| self.things()[n].clone()).collect())
    }
}

/// What the guards in `tests/it/cypher.rs` need to know of a bound statement.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    pub file: &'static str,
    pub embedded_file: Option<&'static str>,
    pub text: &'static str,
    pub embedded_text: &'static str,
    pub access: Access,
    pub parameters: &'static [&'static str],
    /// The names of the columns that its row type reads.
    pub columns: fn() -> &'static [&'static str],
}

/// The row of a statement whose columns nobody reads: that there is one is the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Done {}

/// The row of a statement that answers one id.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct IdRow {
    pub id: String,
}

/// Declares the statements of a slice, and `STATEMENTS`, the list of them. After the row may come `about`, what the
/// statement changes or depends on, told from its parameters or from its rows as well: see [`Query::facts`].
#[macro_export]
macro_rules! queries {
    ($(
        $(#[doc = $doc:literal])+
        $access:ident $name:ident($file:literal $(, embedded $embedded:literal)?)
        { $($parameter:ident: $type:ty),* $(,)? } -> $row:ty
        $(, about |$query:pat_param $(, $rows:pat_param)?| $facts:expr)?;
    )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, serde::Serialize)]
            pub struct $name { $(pub $parameter: $type),* }

            impl $crate::cypher::Query for $name {
                const FILE: &'static str = $file;
                const TEXT: &'static str =
                    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/cypher/", $file));
                const EMBEDDED_TEXT: &'static str =
                    $crate::queries!(@embedded $file $($embedded)?);
                const ACCESS: $crate::cypher::Access = $crate::queries!(@access $access);
                type Row = $row;
                $crate::queries!(@facts $(|$query $(, $rows)?| $facts)?);
            }
        )+

        pub const STATEMENTS: &[$crate::cypher::Statement] = &[$(
            $crate::cypher::Statement {
                file: $file,
                embedded_file: $crate::queries!(@sibling $($embedded)?),
                text: <$name as $crate::cypher::Query>::TEXT,
                embedded_text: <$name as $crate::cypher::Query>::EMBEDDED_TEXT,
                access: <$name as $crate::cypher::Query>::ACCESS,
                parameters: &[$(stringify!($parameter)),*],
                columns: $crate::cypher::columns::<$row>,
            }
        ),+];
    };
    (@embedded $file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/cypher/", $file))
    };
    (@embedded $file:literal $embedded:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/cypher/", $embedded))
    };
    (@sibling) => { None };
    (@sibling $embedded:literal) => { Some($embedded) };
    (@facts) => {};
    (@facts |$query:pat_param| $facts:expr) => {
        fn facts<'a>(&'a self, _: &'a [Self::Row]) -> Vec<$crate::store::Fact<'a>> {
            let $query = self;
            $facts
        }
    };
    (@facts |$query:pat_param, $rows:pat_param| $facts:expr) => {
        const FACTS_OF_ROWS: bool = true;

        fn facts<'a>(&'a self, rows: &'a [Self::Row]) -> Vec<$crate::store::Fact<'a>> {
            let ($query, $rows) = (self, rows);
            $facts
        }
    };
    (@access read) => { $crate::cypher::Access::Read };
    (@access write) => { $crate::cypher::Access::Write };
}

/// The field names that a row type asks for, found by letting it try to read a struct.
pub fn columns<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Names<'a>(&'a mut &'static [&'static str]);
    impl<'de> serde::Deserializer<'de> for Names<'_> {
        type Error = serde::de::value::Error;

        fn deserialize_any<V: serde::de::Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(serde::de::Error::custom("a row type must be a struct"))
        }

        fn deserialize_struct<V: serde::de::Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = fields;
            Err(serde::de::Error::custom("only the names were wanted"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
    let mut names: &'static [&'static str] = &[];
    let _ = T::deserialize(Names(&mut names));
    names
}
