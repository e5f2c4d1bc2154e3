//! Reads a page of a feed: entries in order, one item a post, with its reasons.

use std::collections::{HashMap, HashSet};

use futures_util::FutureExt;
use serde::{Deserialize, Serialize};

use super::{
    Feed, FeedItem, Reason, ReasonKind, home,
    merge::{merge, recent},
    queries::{EntryRow, HomeEntries, PublicEntries, ReasonRow, Recent, TagEntries, UserEntries},
    reasons,
};
use crate::{
    app::App,
    cache::Reading,
    clock::{SEQUENCE_BITS, Timestamp},
    cypher::Keyed,
    error::Error,
    page::{Page, Paging, Position},
    posts::{self, Audience, Post, PostOrTombstone, Visibility},
    store::{Fact, Run, Windows},
    users::Hidden,
};

/// A moment that no post has, of the year 2112: the embedded engine finds no numbers beyond 2^53 in an index.
const LATEST: i64 = 1 << 52;

/// Most reasons that an item names.
const MAX_REASONS: usize = 5;

/// Where a walk through a feed is. Everything newer than `start` came after the walk began and is left for the
/// next one, so that no item can move while somebody pages past it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Walk {
    #[serde(rename = "s")]
    start: i64,
    #[serde(flatten)]
    position: Position,
}

/// A page of a feed.
pub async fn page(
    app: &App,
    reading: &Reading<'_>,
    feed: &Feed,
    paging: &Paging,
    viewer: Option<&str>,
) -> Result<Page<FeedItem>, Error> {
    let list = feed.list();
    let begin = Walk { start: i64::MAX, position: Position::newest() };
    let Walk { mut start, position } = app.cursors.position(&list, paging, begin)?;
    let wanted = paging.limit + 1;
    let mut before = position.clone();
    let mut seen = HashSet::new();
    let mut items: Vec<(Position, FeedItem)> = Vec::new();
    loop {
        let ((rows, unread), hidden) =
            entries_and_hidden(app, reading, feed, &before, wanted, viewer).await?;
        let exhausted = rows.len() < wanted;
        if let Some(last) = rows.last() {
            before = last.position();
        }
        let rows: Vec<EntryRow> =
            rows.into_iter().filter(|row| feed.shows(&row.author_id, &hidden)).collect();
        if let (i64::MAX, Some(first)) = (start, rows.first()) {
            start = first.rank_key;
        }
        let rows = first_of_each_post(rows, &mut seen);
        let (found, ()) = tokio::try_join!(
            hydrate(reading, feed, rows, start, &position, viewer, &hidden),
            home::learn(reading, unread)
        )?;
        items.extend(found.into_iter().map(|(row, item)| (row.position(), item)));
        if items.len() >= wanted || exhausted {
            break;
        }
    }
    let (items, next_cursor) = app
        .cursors
        .cut(&list, paging.limit, items, |(position, _)| Walk { start, position: position.clone() });
    Ok(Page { items: items.into_iter().map(|(_, item)| item).collect(), next_cursor })
}

/// How far a stream catches up.
const MAX_BACKLOG: usize = 1000;
/// How many items a stream sends before it looks again.
const BATCH: usize = 20;
/// How many entries it reads at a time.
const PAGE: usize = 100;
/// How much older than the newest that a stream has seen an entry may be and still be new to it, as a rank key. Those who
/// write at the same time commit in another order than that of their rank keys, and the clocks of two instances differ.
const OVERLAP: i64 = 10_000_000 << SEQUENCE_BITS;

/// Where a stream is in a home feed.
pub struct Tail {
    after: Position,
    /// The entries within the overlap that need not be sent any more: id and rank key.
    seen: HashMap<String, i64>,
}

impl Tail {
    /// Behind that position, or where the feed begins at this moment.
    pub async fn new(app: &App, viewer: &str, after: Option<Position>) -> Result<Self, Error> {
        let after = match after {
            Some(after) => after,
            None => newest(app, viewer).await?,
        };
        let mut tail = Self { after, seen: HashMap::new() };
        let old = newer_than(app, viewer, tail.floor()).await?;
        tail.see(old.iter().filter(|row| !tail.is_behind(row)).cloned().collect());
        Ok(tail)
    }

    /// The next items of the feed, oldest first; none when there is nothing new.
    pub async fn next(&mut self, app: &App, viewer: &str) -> Result<Vec<(Position, FeedItem)>, Error> {
        let mut backlog = newer_than(app, viewer, self.floor()).await?;
        backlog.retain(|row| !self.seen.contains_key(&row.id));
        let batch = backlog.split_off(backlog.len().saturating_sub(BATCH));
        let Some(newest) = batch.first() else { return Ok(Vec::new()) };
        let start = newest.rank_key;
        let posts = first_of_each_post(batch.clone(), &mut HashSet::new());
        let feed = Feed::Home(viewer.to_owned());
        let reading = Reading::new(&app.cache, &app.store);
        let hidden = Hidden::from(&mut &reading, Some(viewer)).await?;
        let items =
            hydrate(&reading, &feed, posts, start, &Position::newest(), Some(viewer), &hidden).await?;
        if self.is_behind(newest) {
            self.after = newest.position();
        }
        self.see(batch);
        Ok(items.into_iter().rev().map(|(row, item)| (row.position(), item)).collect())
    }

    fn is_behind(&self, row: &EntryRow) -> bool {
        (row.rank_key, row.id.as_str()) > (self.after.key, self.after.id.as_str())
    }

    fn floor(&self) -> i64 {
        self.after.key.saturating_sub(OVERLAP)
    }

    fn see(&mut self, rows: Vec<EntryRow>) {
        let floor = self.floor();
        self.seen.retain(|_, key| *key > floor);
        self.seen
            .extend(rows.into_iter().filter(|row| row.rank_key > floor).map(|row| (row.id, row.rank_key)));
    }
}

/// The entries with larger rank keys, newest first, as far as a stream catches up.
async fn newer_than(app: &App, viewer: &str, floor: i64) -> Result<Vec<EntryRow>, Error> {
    let mut found: Vec<EntryRow> = Vec::new();
    while found.len() < MAX_BACKLOG {
        let before = found.last().map_or_else(Position::newest, EntryRow::position);
        let query = HomeEntries {
            viewer: viewer.to_owned(),
            before_key: before.key,
            before_id: before.id,
            since: floor.saturating_add(1),
            limit: PAGE,
        };
        let rows = app.store.run(&query).await?;
        let read = rows.len();
        found.extend(rows.into_iter().map(EntryRow::from));
        if read < PAGE {
            break;
        }
    }
    Ok(found)
}

/// Where a home feed begins at this moment: the position of its newest entry.
async fn newest(app: &App, viewer: &str) -> Result<Position, Error> {
    let reading = Reading::new(&app.cache, &app.store);
    let (rows, _) = home::entries(app, &reading, viewer, &Position::newest(), 1).await?;
    Ok(rows.first().map_or(Position { key: i64::MIN, id: String::new() }, EntryRow::position))
}

/// Items for those posts, as far as they are for everybody, each for the reason that its author wrote it, in the order of
/// the ids.
pub async fn of_posts(
    mut reading: &Reading<'_>,
    ids: &[String],
    viewer: Option<&str>,
) -> Result<Vec<FeedItem>, Error> {
    let mut posts = posts::read(&mut reading, ids, viewer).await?;
    let hidden = Hidden::from(&mut reading, viewer).await?;
    let is_shown = |person: &str| Feed::Public.shows(person, &hidden);
    let is_public = |post: &Post| {
        post.visibility == Visibility::Public && is_shown(&post.author.id) && !is_muted(post, &hidden, viewer)
    };
    let shown = ids.iter().filter_map(|id| posts.remove(id)).filter(is_public);
    Ok(shown
        .map(|mut post| {
            posts::cover(&mut post, is_shown);
            by_author(post, ReasonKind::Author)
        })
        .collect())
}

/// Entries, and whose newest ones are still to be read for the next time.
type Found = (Vec<EntryRow>, Option<Recent>);

/// The newest entries after a position, and who is hidden from the viewer. The entries of people are found without knowing
/// that, so both are read at once.
async fn entries_and_hidden(
    app: &App,
    reading: &Reading<'_>,
    feed: &Feed,
    before: &Position,
    limit: usize,
    viewer: Option<&str>,
) -> Result<(Found, Hidden), Error> {
    let mut one = reading;
    let hidden = Hidden::from(&mut one, viewer);
    match feed {
        Feed::Home(viewer) => {
            tokio::try_join!(home::entries(app, reading, viewer, before, limit), hidden)
        }
        Feed::User(user) => {
            let (rows, hidden) = tokio::try_join!(of_user(reading, user, viewer, before, limit), hidden)?;
            Ok(((rows, None), hidden))
        }
        Feed::Public | Feed::Tag(_) => {
            let hidden = hidden.await?;
            let rows = of_posts_of_all(app, reading, feed, hidden.kept_out(), before, limit).await?;
            Ok(((rows, None), hidden))
        }
    }
}

/// The newest posts of all, but of those who are hidden. Most readers have the same people hidden, and share what is read.
async fn of_posts_of_all(
    app: &App,
    reading: &Reading<'_>,
    feed: &Feed,
    mut hidden: Vec<String>,
    before: &Position,
    limit: usize,
) -> Result<Vec<EntryRow>, Error> {
    hidden.sort_unstable();
    let key = format!("{:?} {limit} {before:?} {hidden:?}", feed.list());
    let (fact, read) = match feed {
        Feed::Tag(tag) => (Fact::Tag(tag), of_tag(reading, tag, hidden, before, limit).boxed()),
        _ => (Fact::Posts, of_all(app, reading, hidden, before, limit).boxed()),
    };
    let weigh = |rows: &Vec<EntryRow>| rows.iter().map(Recent::weight).sum();
    Ok(reading.shared("posts_of_all", &key, &[fact], weigh, read).await?.to_vec())
}

/// The newest entries of a user. What the viewer may not see of those that are kept the reader leaves out.
async fn of_user(
    mut reading: &Reading<'_>,
    user: &str,
    viewer: Option<&str>,
    before: &Position,
    limit: usize,
) -> Result<Vec<EntryRow>, Error> {
    // What is older need not be among what is kept.
    let most = usize::from(*before == Position::newest());
    if reading.keeps()
        && let Some(lists) = reading.lists_unless(&recent([user]), most).await?
        && let Some(rows) = merge(&lists, before, limit)
    {
        return Ok(rows);
    }
    let levels = Visibility::admitting(&mut reading, viewer, user).await?;
    let query = UserEntries {
        user: user.to_owned(),
        viewer: viewer.unwrap_or_default().to_owned(),
        levels,
        before_key: before.key,
        before_id: before.id.clone(),
        limit,
    };
    reading.run(&query).await
}

async fn of_tag(
    mut reading: &Reading<'_>,
    tag: &str,
    hidden: Vec<String>,
    before: &Position,
    limit: usize,
) -> Result<Vec<EntryRow>, Error> {
    let (tag, before_id) = (tag.to_owned(), before.id.clone());
    reading.run(&TagEntries { tag, hidden, before_key: before.key, before_id, limit }).await
}

async fn of_all(
    app: &App,
    mut reading: &Reading<'_>,
    hidden: Vec<String>,
    before: &Position,
    limit: usize,
) -> Result<Vec<EntryRow>, Error> {
    let query = |since: i64| PublicEntries {
        hidden: hidden.clone(),
        before_key: before.key,
        before_id: before.id.clone(),
        since: since >> SEQUENCE_BITS,
        until: (before.key >> SEQUENCE_BITS).min(LATEST),
        limit,
    };
    let from = before.key.min(app.newest_key());
    app.store.scan(&mut reading, from, limit, Windows::NEWEST, query).await
}

/// One entry a post: the first, unless an earlier one was seen.
fn first_of_each_post(rows: Vec<EntryRow>, seen: &mut HashSet<String>) -> Vec<EntryRow> {
    rows.into_iter().filter(|row| seen.insert(row.post_id.clone())).collect()
}

/// The items of those entries, which are of different posts, without those that an earlier page of the walk had and without deleted posts.
async fn hydrate(
    reading: &Reading<'_>,
    feed: &Feed,
    rows: Vec<EntryRow>,
    start: i64,
    walked: &Position,
    viewer: Option<&str>,
    hidden: &Hidden,
) -> Result<Vec<(EntryRow, FeedItem)>, Error> {
    let ids: Vec<String> = rows.iter().map(|row| row.post_id.clone()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ahead: Vec<String> = rows.iter().filter_map(|row| row.quote_of.clone()).collect();
    let read = async |mut reading: &Reading<'_>| posts::read_ahead(&mut reading, &ids, &ahead, viewer).await;
    let (mut posts, reasons) = match feed {
        Feed::Public | Feed::Tag(_) => (read(reading).await?, None),
        // A single post most often is new, and its author is the reason.
        Feed::Home(_) | Feed::User(_) if ids.len() > 1 && posts::are_mostly_missing(&reading, &ids) => {
            let reasons = reasons::ask(reading, feed, &rows, ids.clone(), start);
            let (posts, reasons) = tokio::try_join!(read(reading), reasons)?;
            (posts, Some(reasons))
        }
        Feed::Home(_) | Feed::User(_) => {
            let posts = read(reading).await?;
            let reasons = reasons::gather(reading, feed, &rows, &posts, start).await?;
            (posts, Some(reasons))
        }
    };
    let mut reasons = reasons.map(by_post);
    // Of whose own entries a home feed consists, the viewer follows, or is.
    let follows =
        |author: &str| matches!(feed, Feed::Home(_)) && rows.iter().any(|row| row.author_id == author);
    let audience = Audience::among(&mut &*reading, viewer, posts.values(), follows).await?;
    let mut items = Vec::new();
    for row in rows {
        let is_shown = |person: &str| feed.shows(person, hidden);
        let may_see = |post: &Post| {
            let is_muted = !matches!(feed, Feed::User(_)) && is_muted(post, hidden, viewer);
            is_shown(&post.author.id) && audience.may_see(post) && !is_muted
        };
        let Some(mut post) = posts.remove(&row.post_id).filter(may_see) else { continue };
        posts::cover(&mut post, is_shown);
        let item = match &mut reasons {
            None => by_author(
                post,
                if matches!(feed, Feed::Tag(_)) { ReasonKind::Tag } else { ReasonKind::Author },
            ),
            Some(reasons) => {
                let mut reasons = reasons.remove(&row.post_id).unwrap_or_default();
                reasons.retain(|reason| is_shown(&reason.actor.id));
                // No reason: the follow was withdrawn a moment ago. A reason before the position: shown already.
                if reasons.is_empty()
                    || reasons.iter().any(|reason| !walked.is_before(reason.rank_key, &reason.entry_id))
                {
                    continue;
                }
                with_reasons(post, &row, &reasons)
            }
        };
        items.push((row, item));
    }
    Ok(items)
}

/// Whether a post by somebody else, or what it quotes, has a word that the viewer mutes.
fn is_muted(post: &Post, hidden: &Hidden, viewer: Option<&str>) -> bool {
    let quoted = match post.quoted.as_deref() {
        Some(PostOrTombstone::Post(quoted)) => Some(quoted),
        _ => None,
    };
    viewer != Some(post.author.id.as_str())
        && [Some(post), quoted].into_iter().flatten().any(|post| hidden.mutes(&post.text, &post.tags))
}

/// The reasons of each post, newest first.
fn by_post(rows: Vec<ReasonRow>) -> HashMap<String, Vec<ReasonRow>> {
    let mut reasons: HashMap<String, Vec<ReasonRow>> = HashMap::new();
    for row in rows {
        reasons.entry(row.post_id.clone()).or_default().push(row);
    }
    for rows in reasons.values_mut() {
        rows.sort_by(|one, other| (other.rank_key, &other.entry_id).cmp(&(one.rank_key, &one.entry_id)));
    }
    reasons
}

fn with_reasons(post: Post, row: &EntryRow, reasons: &[ReasonRow]) -> FeedItem {
    FeedItem {
        id: row.id.clone(),
        reason_count: i64::try_from(reasons.len()).unwrap_or(i64::MAX),
        reasons: reasons
            .iter()
            .take(MAX_REASONS)
            .map(|reason| Reason {
                kind: if reason.entry_id == post.id { ReasonKind::Author } else { ReasonKind::Repost },
                by: reason.actor.clone(),
                at: Timestamp::of_rank_key(reason.rank_key),
            })
            .collect(),
        post,
        rank_at: Timestamp::of_rank_key(row.rank_key),
    }
}

fn by_author(post: Post, kind: ReasonKind) -> FeedItem {
    FeedItem {
        id: post.id.clone(),
        reasons: vec![Reason { kind, by: post.author.clone(), at: post.created_at }],
        reason_count: 1,
        rank_at: post.created_at,
        post,
    }
}
