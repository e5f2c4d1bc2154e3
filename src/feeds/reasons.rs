//! Why a post stands in a feed of people: who of them posted or reposted it.

use std::{
    collections::{HashMap, HashSet},
    iter::once,
    sync::Arc,
};

use super::{
    Feed, home,
    queries::{EntryRow, HomeReasons, ReasonRow, Reposters, UserReasons},
};
use crate::{
    cache::Reading,
    error::Error,
    posts::{Post, queries::PostOfUser},
    store::Run,
};

/// How many reposters of a post are kept. Of more, those who are the feed's are asked for.
const REPOSTERS: i64 = 200;

/// The reasons of each of those posts up to a position, from one statement.
pub async fn ask(
    mut reading: &Reading<'_>,
    feed: &Feed,
    entries: &[EntryRow],
    posts: Vec<String>,
    start: i64,
) -> Result<Vec<ReasonRow>, Error> {
    match feed {
        Feed::Home(viewer) => {
            let followed = entries.iter().map(|row| &row.author_id).chain([viewer]).cloned().collect();
            reading.run(&HomeReasons { viewer: viewer.clone(), posts, followed, start }).await
        }
        Feed::User(user) => {
            let posts = posts.iter().map(|post| PostOfUser::new(post, user)).collect();
            reading.run(&UserReasons { user: user.clone(), posts, start }).await
        }
        Feed::Public | Feed::Tag(_) => Ok(Vec::new()),
    }
}

/// The same of posts that have been read. Of most of it something is kept.
pub async fn gather(
    reading: &Reading<'_>,
    feed: &Feed,
    entries: &[EntryRow],
    posts: &HashMap<String, Post>,
    start: i64,
) -> Result<Vec<ReasonRow>, Error> {
    let (person, followed) = match feed {
        Feed::Home(viewer) => (viewer, home::followed(reading, viewer).await?),
        Feed::User(user) => (user, Arc::default()),
        Feed::Public | Feed::Tag(_) => return Ok(Vec::new()),
    };
    let people: HashSet<&str> =
        followed.iter().map(|row| row.id.as_str()).chain(once(person.as_str())).collect();
    let mut reasons = Vec::new();
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for post in posts.values() {
        if people.contains(post.author.id.as_str()) && post.rank_key <= start {
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
                list.iter().filter(|row| row.rank_key <= start && people.contains(row.actor.id.as_str()));
            reasons.extend(theirs.cloned());
        }
    }
    if !many.is_empty() {
        let rows = ask(reading, feed, entries, many, start).await?;
        // The post itself stands there already.
        reasons.extend(rows.into_iter().filter(|row| row.entry_id != row.post_id));
    }
    Ok(reasons)
}
