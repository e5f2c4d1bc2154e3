//! Who somebody is here whom an issuer vouches for: whoever comes for the first time gets an account.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    Account,
    issuers::Vouched,
    queries::{CreateIdentity, FindIdentity},
};
use crate::{
    app::App,
    clock::new_id,
    error::Error,
    store::StoreError,
    text::{HANDLE_CHARS, NAME_CHARS, clean, is_handle},
};

/// How many handles are tried. With four random letters behind the wanted one the second is hardly ever taken.
const TRIES: usize = 8;
/// How many random letters stand behind a handle that is taken.
const SUFFIX: usize = 4;

/// The account of an identity, if there is one.
pub async fn find(app: &App, identity: &str) -> Result<Option<Account>, Error> {
    Account::find(app, FindIdentity { identity: identity.to_owned() }).await
}

/// The user whom a token is of, new if need be.
pub async fn find_or_create(app: &App, vouched: &Vouched) -> Result<String, Error> {
    if let Some(account) = find(app, &vouched.identity).await? {
        return Ok(account.id);
    }
    let wanted = handle(vouched.handle.as_deref());
    for number in 0..TRIES {
        let handle = if number == 0 { wanted.clone() } else { with_suffix(&wanted) };
        let new = CreateIdentity {
            id: new_id(),
            display_name: name(vouched.name.as_deref()).unwrap_or_else(|| handle.clone()),
            handle,
            identity: vouched.identity.clone(),
            now: app.clock.now().0,
        };
        match app.store.run(&new).await {
            Ok(_) => {
                // It may be remembered that there was none.
                app.sessions.forget(&vouched.identity).await;
                tracing::info!(user = new.id, "an issuer vouches for somebody new");
                return Ok(new.id);
            }
            // Somebody has the handle, or another request of theirs was first.
            Err(Error::Store(StoreError::Duplicate(_))) => {
                if let Some(account) = find(app, &vouched.identity).await? {
                    return Ok(account.id);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::Internal("no handle was free for somebody new".into()))
}

/// A handle as near to a claim as our rules allow: of an address the part before `@`.
fn handle(claim: Option<&str>) -> String {
    let claim = claim.unwrap_or_default().trim();
    let word =
        claim.split_once('@').map_or(claim, |(before, after)| if before.is_empty() { after } else { before });
    let mut handle = String::new();
    for letter in word.nfkd().filter(|letter| !unicode_normalization::char::is_combining_mark(*letter)) {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_' {
            handle.push(letter);
        } else if !handle.ends_with('_') {
            handle.push('_');
        }
    }
    let handle: String = handle.trim_matches('_').chars().take(HANDLE_CHARS).collect();
    if is_handle(&handle) { handle } else { format!("user_{handle}").trim_end_matches('_').to_owned() }
}

/// The same with random letters behind it.
fn with_suffix(handle: &str) -> String {
    let head: String = handle.chars().take(HANDLE_CHARS - SUFFIX - 1).collect();
    let tail: String = new_id().chars().rev().take(SUFFIX).collect();
    format!("{head}_{tail}")
}

/// A name as near to a claim as our rules allow, if there is something in it.
fn name(claim: Option<&str>) -> Option<String> {
    let line: String = claim?.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let short: String = line.nfc().collect::<String>().trim().graphemes(true).take(NAME_CHARS).collect();
    let mut errors = Vec::new();
    let name = clean("name", &short, 1, NAME_CHARS, &mut errors);
    Some(name).filter(|_| errors.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_as_near_to_the_claim_as_our_rules_allow() {
        for (claim, wanted) in [
            ("ann", "ann"),
            ("Ann.Smith@example.com", "ann_smith"),
            (" Jörg  Müller ", "jorg_muller"),
            ("@ann", "ann"),
            ("al", "user_al"),
            ("", "user"),
            ("日本語", "user"),
            ("__x__", "user_x"),
            ("auth0|5f7c8ec7c33c6c004bbafe82", "auth0_5f7c8ec7c33c6c004bbafe82"),
            ("a-very-long-name-that-nobody-would-type", "a_very_long_name_that_nobody_w"),
            ("ANN\u{0}", "ann"),
        ] {
            let made = handle(Some(claim));
            assert_eq!(made, wanted, "{claim:?}");
            assert!(is_handle(&made), "{made}");
            let other = with_suffix(&made);
            assert!(is_handle(&other) && other != made, "{other}");
        }
        assert_eq!(handle(None), "user");
    }

    #[test]
    fn a_name_is_one_line_of_at_most_fifty_characters() {
        assert_eq!(name(Some("Ann\nSmith")).as_deref(), Some("Ann Smith"));
        assert_eq!(name(Some(&"é".repeat(60))).map(|name| name.chars().count()), Some(50));
        assert_eq!((name(Some(" \u{7} ")), name(None)), (None, None));
    }
}
