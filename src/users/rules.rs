//! What a profile may say.

use crate::{
    error::{Error, FieldError},
    text,
};

pub use crate::text::NAME_CHARS;

/// Longest bio, in grapheme clusters.
pub const BIO_CHARS: usize = 500;
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 10..=128;
const URL_BYTES: usize = 2048;

pub fn handle(handle: &str, errors: &mut Vec<FieldError>) -> String {
    let handle = handle.trim().to_lowercase();
    if !text::is_handle(&handle) {
        errors.push(FieldError::new("handle", "must be 3 to 30 of a-z, 0-9 and _"));
    }
    handle
}

pub fn password(password: &str, errors: &mut Vec<FieldError>) {
    if !PASSWORD_CHARS.contains(&password.chars().count()) {
        errors.push(FieldError::new("password", "must have 10 to 128 characters"));
    }
}

pub fn name(name: &str, errors: &mut Vec<FieldError>) -> String {
    text::clean_line("name", name, 1, NAME_CHARS, errors)
}

/// A bio that is blank is none.
pub fn bio(bio: Option<&str>, errors: &mut Vec<FieldError>) -> Option<String> {
    bio.map(|bio| text::clean("bio", bio, 0, BIO_CHARS, errors)).filter(|bio| !bio.is_empty())
}

pub fn avatar_url(url: Option<&str>, errors: &mut Vec<FieldError>) -> Option<String> {
    let url = url.map(str::trim).filter(|url| !url.is_empty())?;
    let is_web = url.parse::<poem::http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    if !is_web || url.len() > URL_BYTES {
        errors.push(FieldError::new("avatar_url", "must be an http(s) URL of at most 2048 bytes"));
    }
    Some(url.to_owned())
}

/// The errors, if there are any.
pub fn refuse(errors: Vec<FieldError>) -> Result<(), Error> {
    if errors.is_empty() { Ok(()) } else { Err(Error::Validation(errors)) }
}
