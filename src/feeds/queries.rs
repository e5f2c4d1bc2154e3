//! The statements that feeds are read with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    cypher::{IdRow, Keyed},
    page::Position,
    posts::{Visibility, queries::PostOfUser},
    queries,
    store::{Addition, Fact},
    users::UserSummary,
};

queries! {
    /// The newest entries by those whom a viewer follows and by the viewer.
    read HomeEntries("feeds/home.cypher", embedded "feeds/home.embedded.cypher") { viewer: String, before_key: i64, before_id: String, since: i64, limit: usize } -> HomeRow;
    /// Why each of those posts stands in a viewer's home feed.
    read HomeReasons("feeds/home_reasons.cypher") { viewer: String, posts: Vec<String>, followed: Vec<String>, start: i64 } -> ReasonRow,
        about |it, rows| about_reasons(it.posts.iter(), rows).chain([Fact::Following(&it.viewer)]).collect();
    /// Whom each of those viewers follows and does not mute.
    read Followed("feeds/followed.cypher") { viewers: Vec<String> } -> FollowedRow,
        about |it| it.viewers.iter().flat_map(|viewer| [Fact::Following(viewer), Fact::Hidden(viewer)]).collect();
    /// The newest posts and reposts of each of those authors since some rank key, newest first.
    read Recent("feeds/recent.cypher", embedded "feeds/recent.embedded.cypher") { authors: Vec<String>, since: i64, limit: usize } -> EntryRow,
        about |it| it.authors.iter().map(|author| Fact::Entries(author)).collect();
    /// Who reposted each of those posts.
    read Reposters("feeds/reposters.cypher") { posts: Vec<String> } -> ReasonRow,
        about |it, rows| about_reasons(it.posts.iter(), rows).collect();
    /// The newest posts and reposts of a user that a viewer may see.
    read UserEntries("feeds/user.cypher", embedded "feeds/user.embedded.cypher") { user: String, viewer: String, levels: Vec<Visibility>, before_key: i64, before_id: String, limit: usize } -> EntryRow,
        about |it| vec![Fact::Entries(&it.user)];
    /// Why each of those posts stands among a user's.
    read UserReasons("feeds/user_reasons.cypher") { user: String, posts: Vec<PostOfUser>, start: i64 } -> ReasonRow,
        about |it, rows| {
            let posts = it.posts.iter().map(|post| &post.id);
            about_reasons(posts, rows).chain([Fact::Entries(&it.user), Fact::User(&it.user)]).collect()
        };
    /// The newest posts of all.
    read PublicEntries("feeds/public.cypher", embedded "feeds/public.embedded.cypher") { hidden: Vec<String>, before_key: i64, before_id: String, since: i64, until: i64, limit: usize } -> EntryRow,
        about |_| vec![Fact::Posts];
    /// The newest posts of a tag.
    read TagEntries("feeds/tag.cypher", embedded "feeds/tag.embedded.cypher") { tag: String, hidden: Vec<String>, before_key: i64, before_id: String, limit: usize } -> EntryRow,
        about |it| vec![Fact::Tag(&it.tag)];
    /// The hottest posts.
    read Hottest("feeds/trending.cypher") { since: i64, limit: usize } -> HotRow,
        about |_| vec![Fact::Heat];
    /// How much posts are answered to.
    write Answered("feeds/answered.cypher") { ids: Vec<String>, now: i64 } -> AnsweredRow,
        about |_| Vec::new();
    /// Sets how hot posts are.
    write SetHeat("feeds/set_heat.cypher") { rows: Vec<HeatRow> } -> IdRow,
        about |_| vec![Fact::Heat];
}

/// What it depends on who posted and reposted.
fn about_reasons<'a>(
    posts: impl Iterator<Item = &'a String>,
    rows: &'a [ReasonRow],
) -> impl Iterator<Item = Fact<'a>> {
    posts.map(|post| Fact::Post(post)).chain(rows.iter().map(|row| Fact::User(&row.actor.id)))
}

impl Keyed for Followed {
    type Thing = String;

    fn things(&self) -> &[String] {
        &self.viewers
    }

    fn about(&self, viewers: Vec<String>) -> Self {
        Self { viewers }
    }

    fn key_of(&self, row: &FollowedRow) -> String {
        row.viewer.clone()
    }

    fn weight(_: &FollowedRow) -> usize {
        128
    }
}

impl Keyed for Recent {
    type Thing = String;

    fn things(&self) -> &[String] {
        &self.authors
    }

    fn about(&self, authors: Vec<String>) -> Self {
        Self { authors, since: self.since, limit: self.limit }
    }

    fn key_of(&self, row: &EntryRow) -> String {
        row.author_id.clone()
    }

    fn weight(_: &EntryRow) -> usize {
        208
    }

    const GROWS: bool = true;

    fn grown(&self, place: usize, was: &[EntryRow], added: &[Arc<Addition>]) -> Vec<EntryRow> {
        let mut rows = was.to_vec();
        // Others may share the slot, and what was read may have had it already.
        for new in added.iter().filter(|new| new.author == self.authors[place]) {
            let newer = |row: &EntryRow| (row.rank_key, &row.id) > (new.rank_key, &new.id);
            let place = rows.partition_point(newer);
            if rows.get(place).is_none_or(|row| row.id != new.id) {
                rows.insert(place, EntryRow::from(&**new));
            }
        }
        rows.truncate(self.limit);
        rows
    }

    /// Where as many are left as were there before, or more have come, none that is older is among the newest.
    fn renewal(&self, place: usize, was: &[EntryRow]) -> Option<Self> {
        let oldest = was.last().filter(|_| was.len() == self.limit)?;
        Some(Self { authors: vec![self.authors[place].clone()], since: oldest.rank_key, limit: self.limit })
    }
}

impl Keyed for Reposters {
    type Thing = String;

    fn things(&self) -> &[String] {
        &self.posts
    }

    fn about(&self, posts: Vec<String>) -> Self {
        Self { posts }
    }

    fn key_of(&self, row: &ReasonRow) -> String {
        row.post_id.clone()
    }

    fn weight(row: &ReasonRow) -> usize {
        320 + row.actor.weight()
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct FollowedRow {
    pub viewer: String,
    pub id: String,
}

/// A post or repost at its place in a feed.
#[derive(Clone, Debug, Deserialize)]
pub struct EntryRow {
    pub id: String,
    pub post_id: String,
    /// Who posted or reposted.
    pub author_id: String,
    pub rank_key: i64,
    /// What the post quotes, if that is told.
    #[serde(skip)]
    pub quote_of: Option<String>,
}

/// An entry of a home feed. What the post quotes is read with it, so that a feed of which nothing is kept need not ask for
/// that when it has the posts.
#[derive(Clone, Debug, Deserialize)]
pub struct HomeRow {
    pub id: String,
    pub post_id: String,
    pub author_id: String,
    pub quote_of: Option<String>,
    pub rank_key: i64,
}

impl From<HomeRow> for EntryRow {
    fn from(row: HomeRow) -> Self {
        let HomeRow { id, post_id, author_id, quote_of, rank_key } = row;
        Self { id, post_id, author_id, rank_key, quote_of }
    }
}

impl From<&Addition> for EntryRow {
    fn from(new: &Addition) -> Self {
        let Addition { author, id, post, rank_key } = new.clone();
        Self { id, post_id: post, author_id: author, rank_key, quote_of: None }
    }
}

impl EntryRow {
    pub fn position(&self) -> Position {
        Position { key: self.rank_key, id: self.id.clone() }
    }
}

/// An entry that is a reason for a post to be in a feed.
#[derive(Clone, Debug, Deserialize)]
pub struct ReasonRow {
    pub post_id: String,
    pub entry_id: String,
    pub rank_key: i64,
    pub actor: UserSummary,
}

/// A post that trends.
#[derive(Clone, Debug, Deserialize)]
pub struct HotRow {
    pub id: String,
    pub heat: i64,
}

/// How much a post is answered to, and was when its heat was set.
#[derive(Clone, Debug, Deserialize)]
pub struct AnsweredRow {
    pub id: String,
    pub heat: Option<i64>,
    pub answers: i64,
    pub likes: i64,
    pub reposts: i64,
    pub quotes: i64,
    pub comments: i64,
}

/// How hot a post is to be.
#[derive(Clone, Debug, Serialize)]
pub struct HeatRow {
    pub id: String,
    pub heat: Option<i64>,
    pub answers: i64,
}
