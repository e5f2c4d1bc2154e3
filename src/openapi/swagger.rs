//! Swagger UI: one page that loads nothing from elsewhere and runs no script but its own.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// The page, and the policy that its browser shall keep to.
pub struct Page {
    pub html: String,
    pub policy: String,
}

/// What poem-openapi asks of a login elsewhere, which Kith does not have: a page that would not be found.
const REDIRECT: (&str, &str) = ("let oauth2RedirectUrl;", "oauth2RedirectUrl += \"oauth-receiver.html\";");

/// Puts right the page that poem-openapi writes: `raw` is the description in it, `document` the one to show.
pub fn page(html: &str, raw: &str, document: &str, server: &str) -> Page {
    let mut html = html
        // Nothing in the description may end the script that it stands in.
        .replacen(raw, &document.replace("</", "<\\/"), 1)
        .replacen("<html charset=\"UTF-8\">", "<!doctype html>\n<html lang=\"en\">", 1)
        .replacen(
            "<title>Swagger UI</title>",
            "<title>Kith API</title>\n    <link rel=\"icon\" href=\"data:,\">",
            1,
        )
        .replacen("oauth2RedirectUrl: oauth2RedirectUrl,", "tryItOutEnabled: true,", 1);
    if let Some((start, end)) =
        html.find(REDIRECT.0).zip(html.find(REDIRECT.1).map(|at| at + REDIRECT.1.len()))
    {
        html.replace_range(start..end, "");
    }
    let html = html.trim_start().to_owned();
    let scripts: Vec<String> = scripts(&html)
        .map(|script| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script.as_bytes()))))
        .collect();
    // An address of this Kith that differs from the page's is where requests go.
    let elsewhere = if server.starts_with("http") { server } else { "" };
    let policy = format!(
        "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src 'self' data:; \
         connect-src 'self' {elsewhere}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        scripts.join(" ")
    );
    Page { html, policy }
}

/// The texts between script tags.
fn scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (_, rest) = rest.split_once('>')?;
        Some(rest.split_once("</script>")?.0)
    })
}
