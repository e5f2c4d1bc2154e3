//! What a page of `/metrics` tells of statements. The bench reads it as well.

use std::collections::BTreeMap;

/// Nothing of a feed: whether a session is still good is asked anew every few seconds, and the rest is swept, counted and
/// looked at by the clock.
const BESIDE: [&str; 9] = [
    "auth/session_users.cypher",
    "feeds/answered.cypher",
    "feeds/set_heat.cypher",
    "feeds/trending.cypher",
    "idempotency/",
    "moderation/end_suspensions.cypher",
    "privacy/end_mutes.cypher",
    "privacy/first_end.cypher",
    "system/",
];

/// How often each statement was run, whatever came of it, but for those that run beside what is asked for.
pub fn statements(page: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("kith_statement_duration_seconds_count{")) {
        let name = line.split_once("statement=\"").and_then(|(_, named)| named.split('"').next());
        let count: Option<u64> = line.rsplit_once(' ').and_then(|(_, count)| count.parse().ok());
        let (Some(name), Some(count)) = (name, count) else { panic!("what is a line as {line}") };
        if !BESIDE.iter().any(|beside| name.starts_with(beside)) {
            *counts.entry(name.to_owned()).or_default() += count;
        }
    }
    counts
}

/// How often each has been run since it was counted, of those that were.
pub fn more(page: &str, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut more = statements(page);
    more.retain(|name, count| {
        *count -= before.get(name).copied().unwrap_or_default();
        *count > 0
    });
    more
}
