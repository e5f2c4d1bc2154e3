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

/// What creates, reads, changes and deletes stands in this order, short paths first: the first thing to try is to
/// register, and not to erase one's account.
const OPTIONS: &str = "tryItOutEnabled: true,
        operationsSorter: (a, b) => {
            const methods = [\"post\", \"get\", \"put\", \"patch\", \"delete\"];
            const rank = (operation) => methods.indexOf(operation.get(\"method\"));
            const path = (operation) => operation.get(\"path\");
            return rank(a) - rank(b) || path(a).length - path(b).length || path(a).localeCompare(path(b));
        },";

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
        .replacen("oauth2RedirectUrl: oauth2RedirectUrl,", OPTIONS, 1);
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
    let elsewhere = if server.starts_with("http") { format!(" {server}") } else { String::new() };
    let policy = format!(
        "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src 'self' data:; \
         connect-src 'self'{elsewhere}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        scripts.join(" ")
    );
    Page { html, policy }
}

/// The texts of the scripts, as a browser cuts them out: a tag that stands in a script is no tag.
fn scripts(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        let (_, tag) = rest.split_once("<script")?;
        let (_, text) = tag.split_once('>')?;
        let (script, behind) = text.split_once("</script>")?;
        rest = behind;
        Some(script)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_in_a_script_is_part_of_it() {
        let html = "<html><script a=b>let a = '<script>';</script><p><script>b</script>";
        assert_eq!(scripts(html).collect::<Vec<_>>(), ["let a = '<script>';", "b"]);
    }

    #[test]
    fn nothing_in_a_description_ends_its_script() {
        let page = page("<script>let spec = RAW</script>", "RAW", "{\"a\":\"</script>\"}", "/");
        assert_eq!(page.html, "<script>let spec = {\"a\":\"<\\/script>\"}</script>");
        assert_eq!(page.policy.matches("sha256-").count(), 1);
    }
}
