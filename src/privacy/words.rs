//! `/v1/me/muted-words`.

use std::sync::Arc;

use poem_openapi::{Object, OpenApi, param::Path};
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;

use super::queries::{LockWords, SetWords, Words};
use crate::{
    app::App,
    auth::Viewer,
    error::Error,
    http::answer::Json,
    section::Section,
    store::{Run, Tx, Work},
    text::Muted,
};

/// How many words somebody may mute.
pub const MOST: usize = 200;
/// Longest of them, in grapheme clusters.
pub const CHARS: usize = 100;

pub struct MutedWordsApi {
    pub app: Arc<App>,
}

/// What one mutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct MutedWords {
    /// Words, phrases, and tags with `#`, lower-cased and NFC, latest last. At most 200.
    pub words: Vec<String>,
}

#[OpenApi(tag = "Section::Privacy")]
impl MutedWordsApi {
    /// List the words that one mutes
    ///
    /// Nobody else can see them.
    #[oai(path = "/v1/me/muted-words", method = "get", operation_id = "list_muted_words")]
    async fn list_muted_words(&self, viewer: Viewer) -> Result<Json<MutedWords>, Error> {
        let found = self.app.store.run(&Words { viewer: viewer.id }).await?.pop();
        let words = found.ok_or(Error::UserNotFound)?.words;
        Ok(Json::new(&MutedWords { words }))
    }

    /// Mute a word
    ///
    /// Keeps others' posts that have the word, or quote one that has, out of one's home, public, tag and trending feeds. It
    /// is found as a whole word, several as a phrase, with or without capitals; with `#` (as `%23`) it is a tag. What is
    /// read by address or among its author's posts stays as it is. Answers all that one mutes. Doing it twice changes
    /// nothing; nobody can mute more than 200: `422 too_many_muted_words`.
    #[oai(path = "/v1/me/muted-words/:word", method = "put", operation_id = "mute_word")]
    async fn mute_word(
        &self,
        viewer: Viewer,
        /// The word, 1 to 100 characters.
        word: Path<String>,
    ) -> Result<Json<MutedWords>, Error> {
        self.change(viewer, &word.0, true).await
    }

    /// Unmute a word
    ///
    /// Answers all that one mutes. Doing it twice changes nothing.
    #[oai(path = "/v1/me/muted-words/:word", method = "delete", operation_id = "unmute_word")]
    async fn unmute_word(
        &self,
        viewer: Viewer,
        /// The word, with or without capitals.
        word: Path<String>,
    ) -> Result<Json<MutedWords>, Error> {
        self.change(viewer, &word.0, false).await
    }
}

impl MutedWordsApi {
    async fn change(&self, viewer: Viewer, word: &str, muted: bool) -> Result<Json<MutedWords>, Error> {
        let kept = Muted::kept(word).filter(|word| word.graphemes(true).count() <= CHARS);
        let word = kept.ok_or_else(|| Error::InvalidParameter {
            name: "word".to_owned(),
            message: format!("word must have a word or a tag in it, and at most {CHARS} characters"),
        })?;
        let change = Change { viewer: viewer.id, word, muted, now: self.app.clock.now().0 };
        let words = self.app.store.write(&change).await?;
        Ok(Json::new(&MutedWords { words }))
    }
}

/// One word more or less.
struct Change {
    viewer: String,
    word: String,
    muted: bool,
    now: i64,
}

impl Work for Change {
    type Output = Vec<String>;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<String>, Error> {
        let lock = LockWords { viewer: self.viewer.clone(), now: self.now };
        let mut words = tx.one(&lock).await?.ok_or(Error::UserNotFound)?.words;
        let known = words.iter().position(|word| *word == self.word);
        match (known, self.muted) {
            (None, true) if words.len() >= MOST => return Err(Error::TooManyMutedWords(MOST)),
            (None, true) => words.push(self.word.clone()),
            (Some(place), false) => drop(words.remove(place)),
            _ => return Ok(words),
        }
        let set = SetWords { viewer: self.viewer.clone(), words: (!words.is_empty()).then(|| words.clone()) };
        tx.one(&set).await?.ok_or(Error::UserNotFound)?;
        Ok(words)
    }
}
