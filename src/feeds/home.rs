//! The home feed, merged when it is read from what is kept of whom a viewer follows and of each author's newest
//! entries. Nothing is written for followers when somebody posts: a post of someone whom thirty thousand follow costs
//! what any other does.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
    sync::Arc,
};

use super::queries::{
    EntryRow, Followed, FollowedRow, HomeEntries, HomeReasons, ReasonRow, Recent, Reposters,
};
use crate::{
    app::App,
    cache::Reading,
    cypher::Keyed,
    error::Error,
    page::Position,
    posts::Post,
    store::{Fact, Run, Windows},
};

/// How many of an author's newest entries are kept.
const KEPT: usize = 32;
/// Of how many authors at most the entries are read to be kept. Of more, one statement over all of them is cheaper, and
/// the others follow, a part at each read and beside it: whom many follow are there soon.
const AT_ONCE: usize = 8;
/// How many reposters of a post are kept. Of more, those whom the viewer follows are asked for.
const REPOSTERS: i64 = 200;

/// Most home feeds have a page in a day. A bound spares Neo4j most of what it would read of each author, and the
/// embedded engine the rows of all that was ever posted.
const WINDOWS: Windows = Windows { neo4j: &[2 * DAY], embedded: &[DAY, 8 * DAY, 64 * DAY, 512 * DAY] };
/// In seconds.
const DAY: i64 = 24 * 60 * 60;

/// The newest entries after a position.
pub async fn entries(
    app: &App,
    reading: &Reading<'_>,
    viewer: &str,
    before: &Position,
    limit: usize,
) -> Result<Vec<EntryRow>, Error> {
    if !reading.keeps() {
        return from_all(app, viewer, before, limit).await;
    }
    if reading.missing(&Followed { viewers: vec![viewer.to_owned()] }).is_empty() {
        let recent = recent(&followed(reading, viewer).await?, viewer);
        if reading.missing(&recent).len() <= AT_ONCE
            && let Some(merged) = merge(&reading.lists(&recent).await?, before, limit)
        {
            return Ok(merged);
        }
        note_all(reading, &recent);
        return from_all(app, viewer, before, limit).await;
    }
    // Both at once: one after the other costs a round trip more.
    let (followed, entries) =
        tokio::try_join!(followed(reading, viewer), from_all(app, viewer, before, limit))?;
    note_all(reading, &recent(&followed, viewer));
    Ok(entries)
}

/// The newest entries of whom a viewer follows, and of the viewer.
fn recent(followed: &[FollowedRow], viewer: &str) -> Recent {
    let authors = [viewer].into_iter().chain(followed.iter().map(|row| row.id.as_str()));
    Recent { authors: authors.map(str::to_owned).collect(), limit: KEPT }
}

/// Notes that an answer depends on all of them.
fn note_all(reading: &Reading<'_>, recent: &Recent) {
    let facts: Vec<Fact> = recent.authors.iter().map(|author| Fact::Entries(author)).collect();
    reading.note(&facts);
}

/// Reads some of what is not kept yet of those whom a viewer follows, for the next time.
pub async fn learn(reading: &Reading<'_>, viewer: &str) -> Result<(), Error> {
    if !reading.keeps() {
        return Ok(());
    }
    let recent = recent(&followed(reading, viewer).await?, viewer);
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
async fn followed(reading: &Reading<'_>, viewer: &str) -> Result<Arc<Vec<FollowedRow>>, Error> {
    let lists = reading.lists(&Followed { viewers: vec![viewer.to_owned()] }).await?;
    Ok(lists.into_iter().next().unwrap_or_default())
}

/// The newest entries of all the lists after a position; nothing if what is kept of a list ends before that is known.
fn merge(lists: &[Arc<Vec<EntryRow>>], before: &Position, limit: usize) -> Option<Vec<EntryRow>> {
    let mut heads = BinaryHeap::new();
    for (n, list) in lists.iter().enumerate() {
        let first = list.partition_point(|row| !before.is_before(row.rank_key, &row.id));
        match list.get(first) {
            Some(row) => heads.push((row.rank_key, row.id.as_str(), Reverse(n), first)),
            None if list.len() < KEPT => {}
            None => return None,
        }
    }
    let mut merged = Vec::with_capacity(limit);
    while let Some((_, _, Reverse(n), place)) = heads.pop() {
        let list = &lists[n];
        merged.push(list[place].clone());
        if merged.len() == limit {
            break;
        }
        match list.get(place + 1) {
            Some(row) => heads.push((row.rank_key, row.id.as_str(), Reverse(n), place + 1)),
            None if list.len() < KEPT => {}
            None => return None,
        }
    }
    Some(merged)
}

/// Why each of those posts stands in a viewer's home feed, from one statement.
pub async fn reasons_of(
    mut reading: &Reading<'_>,
    viewer: &str,
    entries: &[EntryRow],
    posts: Vec<String>,
    start: i64,
) -> Result<Vec<ReasonRow>, Error> {
    let authors = entries.iter().map(|row| row.author_id.clone());
    let followed = authors.chain([viewer.to_owned()]).collect();
    reading.run(&HomeReasons { viewer: viewer.to_owned(), posts, followed, start }).await
}

/// Why each of those posts stands in a viewer's home feed: who of the followed, or the viewer, posted or reposted it.
/// Of most of it something is kept.
pub async fn reasons(
    reading: &Reading<'_>,
    viewer: &str,
    entries: &[EntryRow],
    posts: &HashMap<String, Post>,
    start: i64,
) -> Result<Vec<ReasonRow>, Error> {
    let followed = followed(reading, viewer).await?;
    let followed: HashSet<&str> = followed.iter().map(|row| row.id.as_str()).chain([viewer]).collect();
    let mut reasons = Vec::new();
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for post in posts.values() {
        if followed.contains(post.author.id.as_str()) && post.rank_key <= start {
            reasons.push(ReasonRow {
                post_id: post.id.clone(),
                entry_id: post.id.clone(),
                rank_key: post.rank_key,
                actor: post.author.clone(),
            });
        }
        match post.counts.reposts {
            0 => {}
            1..=REPOSTERS => few.push(post.id.clone()),
            _ => many.push(post.id.clone()),
        }
    }
    if !few.is_empty() {
        for list in reading.lists(&Reposters { posts: few }).await? {
            let theirs =
                list.iter().filter(|row| row.rank_key <= start && followed.contains(row.actor.id.as_str()));
            reasons.extend(theirs.cloned());
        }
    }
    if !many.is_empty() {
        let rows = reasons_of(reading, viewer, entries, many, start).await?;
        // The post itself stands there already.
        reasons.extend(rows.into_iter().filter(|row| row.entry_id != row.post_id));
    }
    Ok(reasons)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(author: usize, key: i64) -> EntryRow {
        let id = format!("{author}-{key}");
        EntryRow { id: id.clone(), post_id: id, author_id: author.to_string(), rank_key: key, quote_of: None }
    }

    proptest! {
        /// A merge of what is kept is the beginning of the merge of everything, or says that it cannot know.
        #[test]
        fn a_merge_is_exact_or_none(
            histories in prop::collection::vec(prop::collection::btree_set(0i64..200, 0..60), 1..6),
            key in 0i64..200,
            limit in 1usize..60,
        ) {
            let before = Position { key, id: "5".to_owned() };
            let mut all: Vec<EntryRow> = Vec::new();
            let mut lists = Vec::new();
            for (author, keys) in histories.iter().enumerate() {
                let rows: Vec<EntryRow> = keys.iter().rev().map(|key| row(author, *key)).collect();
                lists.push(Arc::new(rows.iter().take(KEPT).cloned().collect::<Vec<_>>()));
                all.extend(rows);
            }
            all.retain(|row| before.is_before(row.rank_key, &row.id));
            all.sort_by(|one, other| (other.rank_key, &other.id).cmp(&(one.rank_key, &one.id)));
            all.truncate(limit);
            let ids = |rows: &[EntryRow]| rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
            if let Some(merged) = merge(&lists, &before, limit) {
                prop_assert_eq!(ids(&merged), ids(&all));
            } else {
                prop_assert!(histories.iter().any(|keys| keys.len() >= KEPT));
            }
        }
    }
}
