//! What people write: normalised, counted in grapheme clusters, searched for hashtags and mentions.

use std::{cell::LazyCell, collections::BTreeSet};

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::error::FieldError;

/// Longest hashtag that is kept, in grapheme clusters.
pub const TAG_CHARS: usize = 100;

/// Longest display name, in grapheme clusters.
pub const NAME_CHARS: usize = 50;

/// Longest name of a personal token, in grapheme clusters.
pub const TOKEN_NAME_CHARS: usize = 100;

/// Longest handle, in letters.
pub const HANDLE_CHARS: usize = 30;

/// NFC, trimmed, between `min` and `max` grapheme clusters, no control characters but newline.
///
/// On failure a [`FieldError`] for `field` is pushed and the text so far is returned.
pub fn clean(field: &str, text: &str, min: usize, max: usize, errors: &mut Vec<FieldError>) -> String {
    let text: String = text.replace("\r\n", "\n").nfc().collect::<String>().trim().to_owned();
    if text.chars().any(|letter| letter.is_control() && letter != '\n') {
        errors.push(FieldError::new(field, "must not contain control characters other than newline"));
    }
    let length = text.graphemes(true).count();
    if length < min {
        errors.push(FieldError::new(
            field,
            if min == 1 {
                "must not be empty".into()
            } else {
                format!("must have at least {min} characters")
            },
        ));
    }
    if length > max {
        errors.push(FieldError::new(field, format!("must have at most {max} characters, and has {length}")));
    }
    text
}

/// The same of one line.
pub fn clean_line(field: &str, text: &str, min: usize, max: usize, errors: &mut Vec<FieldError>) -> String {
    let text = clean(field, text, min, max, errors);
    if text.contains('\n') {
        errors.push(FieldError::new(field, "must be one line"));
    }
    text
}

/// The hashtags of a text, lower-cased and NFC, without `#`, each once, in their order of appearance.
pub fn hashtags(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    marked(text, '#', is_tag_letter)
        .map(|tag| tag.to_lowercase().nfc().collect::<String>())
        // A number is no topic: `#1` stays text.
        .filter(|tag| tag.chars().any(|letter| !letter.is_numeric() && letter != '_'))
        .filter(|tag| tag.graphemes(true).count() <= TAG_CHARS)
        .filter(|tag| seen.insert(tag.clone()))
        .collect()
}

/// A tag as it comes in a path, in the form that the graph keeps.
pub fn tag_key(tag: &str) -> String {
    tag.trim_start_matches('#').to_lowercase().nfc().collect()
}

/// The handles that a text mentions, lower-cased, without `@`, each once, in their order of appearance.
pub fn mentions(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    marked(text, '@', |letter| letter.is_ascii_alphanumeric() || letter == '_')
        .map(str::to_ascii_lowercase)
        .filter(|handle| is_handle(handle))
        .filter(|handle| seen.insert(handle.clone()))
        .collect()
}

/// `^[a-z0-9_]{3,30}$`
pub fn is_handle(text: &str) -> bool {
    (3..=HANDLE_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The words that follow `mark` where a word can begin: not inside another word, address or mark.
fn marked(text: &str, mark: char, is_letter: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    text.match_indices(mark).filter_map(move |(at, _)| {
        let starts_a_word = text[..at]
            .chars()
            .next_back()
            .is_none_or(|before| !is_tag_letter(before) && !matches!(before, '#' | '@' | '/' | '&'));
        let rest = &text[at + mark.len_utf8()..];
        let end = rest.find(|letter| !is_letter(letter)).unwrap_or(rest.len());
        (starts_a_word && end > 0).then(|| &rest[..end])
    })
}

/// A word, some words in their order, or with `#` a tag, of which somebody wants to read nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Muted {
    Tag(String),
    Words(Vec<String>),
}

impl Muted {
    /// From the form in which it is [kept](Self::kept).
    pub fn new(text: &str) -> Self {
        match text.strip_prefix('#') {
            Some(tag) => Self::Tag(tag_key(tag)),
            None => Self::Words(words(text)),
        }
    }

    /// The form in which the graph keeps it: lower case, NFC, without spaces around; nothing if there is no word in it.
    pub fn kept(text: &str) -> Option<String> {
        let text: String = text.trim().to_lowercase().nfc().collect();
        let is_something = match Self::new(&text) {
            Self::Tag(tag) => hashtags(&format!("#{tag}")) == [tag],
            Self::Words(words) => !words.is_empty(),
        };
        is_something.then_some(text)
    }

    /// Whether any of them is in a text with those tags.
    pub fn any(all: &[Self], text: &str, tags: &[String]) -> bool {
        let (lower, words) = (LazyCell::new(|| text.to_ascii_lowercase()), LazyCell::new(|| words(text)));
        all.iter().any(|muted| match muted {
            Self::Tag(tag) => tags.contains(tag),
            Self::Words(muted) => muted.iter().all(|word| may_have(&lower, word)) && have(&words, muted),
        })
    }
}

/// Whether some words stand among others one behind the other.
fn have(words: &[String], some: &[String]) -> bool {
    words.windows(some.len().max(1)).any(|part| part == some)
}

/// Whether a word may be in a text of which the ASCII letters are lower case. To divide a text into its words takes a
/// hundred times as long, and most texts have none of those that are muted.
fn may_have(lower: &str, word: &str) -> bool {
    // The one letter beyond ASCII whose lower case is in ASCII.
    const KELVIN: char = '\u{212a}';
    if word.is_ascii() { lower.contains(word) || lower.contains(KELVIN) } else { !lower.is_ascii() }
}

/// The words of a text, lower-cased and NFC, as [UAX #29](https://www.unicode.org/reports/tr29/) divides it.
fn words(text: &str) -> Vec<String> {
    text.unicode_words().map(|word| word.to_lowercase().nfc().collect()).collect()
}

/// Letters, digits, marks and joiners of any script: what [UAX #31](https://www.unicode.org/reports/tr31/)
/// lets a hashtag be made of, without emoji.
fn is_tag_letter(letter: char) -> bool {
    letter.is_alphanumeric()
        || letter == '_'
        || matches!(letter, '\u{200c}' | '\u{200d}' | '\u{b7}' | '\u{30fb}')
        || unicode_normalization::char::is_combining_mark(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hashtags_are_found_in_every_script() {
        let text = "#Rust and #日本語, #Ünïcode! #été #हिन्दी (#a_b) a#no ##no #1 # x&#no; /#no #Rust";
        assert_eq!(hashtags(text), ["rust", "日本語", "ünïcode", "été", "हिन्दी", "a_b"]);
    }

    #[test]
    fn mentions_are_handles_where_a_word_begins() {
        let text = "@Ann, @bob_1! mail@example.com @ab @@carol (@dora) x/@eve";
        assert_eq!(mentions(text), ["ann", "bob_1", "dora"]);
    }

    #[test]
    fn a_muted_word_is_a_word_and_not_a_part_of_one() {
        let has = |muted: &str, text: &str| {
            let kept = Muted::kept(muted).expect("a word");
            Muted::any(&[Muted::new(&kept)], text, &hashtags(text))
        };
        for (muted, text) in [
            ("Spoiler", "no SPOILER, please"),
            ("spoiler", "(spoiler)"),
            ("last episode", "the Last  episode!"),
            ("cafe\u{301}", "im CAFÉ"),
            ("#Rust", "on #rust"),
            ("rust", "on #rust"),
            ("don't", "I don't"),
            (" x ", "x"),
        ] {
            assert!(has(muted, text), "{muted} in {text}");
        }
        for (muted, text) in [
            ("cat", "concatenate"),
            ("last episode", "the episode last"),
            ("#rust", "rust"),
            ("#rust", "#rusty"),
            ("episode", ""),
        ] {
            assert!(!has(muted, text), "{muted} in {text}");
        }
        for nothing in ["", " ", "#", "#1", "!?", "# x", "#a b"] {
            assert_eq!(Muted::kept(nothing), None, "{nothing:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_left_out_at_first_sight_is_not_in_the_text(
            text in "[a-cA-Ck\u{212a}é\u{301}İß#' ,.!]{0,24}",
            muted in "[a-ckK\u{212a}é\u{301}iß' ]{1,6}",
        ) {
            let is_there = have(&words(&text), &words(&muted));
            prop_assert_eq!(Muted::any(&[Muted::new(&muted)], &text, &[]), is_there);
        }
    }

    #[test]
    fn decomposed_and_composed_tags_are_one() {
        assert_eq!(hashtags("#cafe\u{301}"), hashtags("#CAFÉ"));
    }

    #[test]
    fn text_is_counted_in_grapheme_clusters() {
        let family = "👨‍👩‍👧‍👦";
        let mut errors = Vec::new();
        assert_eq!(
            clean("text", &format!("  {family}\u{65}\u{301} "), 1, 2, &mut errors),
            format!("{family}é")
        );
        assert_eq!(errors, []);
        clean("text", " \n ", 1, 2, &mut errors);
        clean("text", "a\u{0}b", 1, 9, &mut errors);
        clean("text", "abc", 1, 2, &mut errors);
        let messages: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(messages.len(), 3);
        assert!(
            messages[0].contains("empty")
                && messages[1].contains("control")
                && messages[2].contains("at most 2")
        );
    }

    proptest! {
        #[test]
        fn any_text_gives_tags_and_mentions_that_stand_in_it(text in "\\PC{0,80}") {
            let lowered: String = text.to_lowercase().nfc().collect();
            for tag in hashtags(&text) {
                prop_assert!(tag.chars().all(is_tag_letter), "{tag}");
                prop_assert!(lowered.contains(&tag), "{tag} in {text}");
                prop_assert_eq!(hashtags(&format!("#{tag}")), vec![tag.clone()]);
            }
            for handle in mentions(&text) {
                let mention = format!("@{handle}");
                prop_assert!(is_handle(&handle) && text.to_ascii_lowercase().contains(&mention));
            }
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in "\\PC{0,80}") {
            let once = clean("text", &text, 0, 1000, &mut Vec::new());
            prop_assert_eq!(clean("text", &once, 0, 1000, &mut Vec::new()), once);
        }
    }
}
