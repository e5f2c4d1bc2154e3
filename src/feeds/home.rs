//! The home feed, merged when it is read from what is kept of whom a viewer follows and of each author's newest
//! entries. Nothing is written for followers when somebody posts: a post of someone whom thirty thousand follow costs
//! what any other does.

use std::sync::Arc;

use super::{
    merge::{merge, recent},
    queries::{EntryRow, Followed, FollowedRow, HomeEntries, Recent},
};
use crate::{
    app::App,
    cache::Reading,
    cypher::Keyed,
    error::Error,
    page::Position,
    store::{Fact, Windows},
};

/// Of how many authors at most the entries are read to be kept. Of more, one statement over all of them is cheaper, and
/// the others follow, a part at each read and beside it: whom many follow are there soon.
const AT_ONCE: usize = 8;

/// Most home feeds have a page in a day. A bound spares Neo4j most of what it would read of each author, and the
/// embedded engine the rows of all that was ever posted.
const WINDOWS: Windows = Windows { neo4j: &[2 * DAY], embedded: &[DAY, 8 * DAY, 64 * DAY, 512 * DAY] };
/// In seconds.
const DAY: i64 = 24 * 60 * 60;

/// The newest entries after a position, and whose newest entries are not all kept yet, if that was found.
pub async fn entries(
    app: &App,
    reading: &Reading<'_>,
    viewer: &str,
    before: &Position,
    limit: usize,
) -> Result<(Vec<EntryRow>, Option<Recent>), Error> {
    let from_all = from_all(app, viewer, before, limit);
    if !reading.keeps() {
        return Ok((from_all.await?, None));
    }
    let query = Followed { viewers: vec![viewer.to_owned()] };
    // On the embedded graph there is no round trip to be spared: whom many follow is read once, not for each of them.
    let at_once = usize::from(app.store.is_embedded());
    let kept = reading.lists_unless(&query, at_once).await?.and_then(|lists| lists.into_iter().next());
    let Some(followed) = kept else {
        // Both at once: one after the other costs a round trip more.
        let (followed, entries) = tokio::try_join!(followed(reading, viewer), from_all)?;
        let recent = of_all(&followed, viewer);
        note_all(reading, &recent);
        return Ok((entries, Some(recent)));
    };
    let recent = of_all(&followed, viewer);
    let Some(lists) = reading.lists_unless(&recent, AT_ONCE).await? else {
        note_all(reading, &recent);
        return Ok((from_all.await?, Some(recent)));
    };
    match merge(&lists, before, limit) {
        Some(merged) => Ok((merged, None)),
        None => Ok((from_all.await?, None)),
    }
}

/// The newest entries of whom a viewer follows, and of the viewer.
fn of_all(followed: &[FollowedRow], viewer: &str) -> Recent {
    recent([viewer].into_iter().chain(followed.iter().map(|row| row.id.as_str())))
}

/// Notes that an answer depends on all of them.
fn note_all(reading: &Reading<'_>, recent: &Recent) {
    let facts: Vec<Fact> = recent.authors.iter().map(|author| Fact::Entries(author)).collect();
    reading.note(&facts);
}

/// Reads some of those that are not kept yet, beside a page and for the next one.
pub async fn learn(reading: &Reading<'_>, unread: Option<Recent>) -> Result<(), Error> {
    let Some(recent) = unread else { return Ok(()) };
    let missing = reading.missing(&recent);
    if !missing.is_empty() {
        reading.lists(&recent.only(&missing[..missing.len().min(AT_ONCE)])).await?;
    }
    Ok(())
}

/// The same from one statement over all of whom the viewer follows. On the embedded graph, which would have to ask at each
/// entry, muted people's are among them: the reader leaves them out and reads on.
async fn from_all(app: &App, viewer: &str, before: &Position, limit: usize) -> Result<Vec<EntryRow>, Error> {
    let from = before.key.min(app.newest_key());
    let query = |since| HomeEntries {
        viewer: viewer.to_owned(),
        before_key: before.key,
        before_id: before.id.clone(),
        since,
        limit,
    };
    let rows = app.store.scan(&mut &app.store, from, limit, WINDOWS, query).await?;
    Ok(rows.into_iter().map(EntryRow::from).collect())
}

/// Whom a viewer follows and does not mute.
pub async fn followed(reading: &Reading<'_>, viewer: &str) -> Result<Arc<Vec<FollowedRow>>, Error> {
    let lists = reading.lists(&Followed { viewers: vec![viewer.to_owned()] }).await?;
    Ok(lists.into_iter().next().unwrap_or_default())
}
