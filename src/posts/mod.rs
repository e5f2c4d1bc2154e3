//! Posts and quotes: what people say to everybody.

pub mod api;
mod audience;
pub mod queries;
mod writes;

use std::collections::{HashMap, HashSet};

use poem_openapi::{Object, Union};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::Error,
    posts::queries::{
        FindDeletedPosts, FindPost, GonePost, PostOfUser, PostViewerRow, PostsViewerState, ReadPosts,
    },
    store::Run,
    users::{Hidden, UserSummary},
};

pub use audience::{Audience, Visibility};
pub use writes::{ChangePost, CreatePost, DeletePost, check_quota, lock_author, take_down};

/// A post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct Post {
    /// An opaque CUID2 id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// Who wrote it.
    pub author: UserSummary,
    /// The text, NFC, 1 to 280 grapheme clusters unless configured otherwise.
    pub text: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its text last changed; null if it never did.
    pub edited_at: Option<Timestamp>,
    /// Who can see it.
    pub visibility: Visibility,
    /// Who can comment on it, of those who can see it: `public` is all of them.
    pub replies: Visibility,
    /// The post that this one quotes, without what that one quotes in turn; null unless this is a quote.
    #[serde(skip_deserializing)]
    pub quoted: Option<Box<PostOrTombstone>>,
    /// Images and videos. Empty until media can be uploaded.
    #[serde(skip_deserializing)]
    pub media: Vec<Media>,
    /// The hashtags of the text, lower-cased and NFC, without `#`, in order of appearance.
    pub tags: Vec<String>,
    /// The people whom the text mentions, by handle.
    pub mentions: Vec<UserSummary>,
    /// Exact numbers at the moment of the read.
    pub counts: PostCounts,
    /// What the acting user has done with this post; null without a token.
    #[serde(skip_deserializing)]
    pub viewer: Option<PostViewer>,
    /// What the quote leads to, before it is read.
    #[serde(skip_serializing)]
    #[oai(skip)]
    pub quote_of: Option<String>,
    /// Grows with each edit; part of the entity tag.
    #[serde(skip_serializing)]
    #[oai(skip)]
    pub revision: i64,
    /// Where it stands in feeds.
    #[serde(skip_serializing)]
    #[oai(skip)]
    pub rank_key: i64,
    /// How many people bookmarked it, which is nobody's business.
    #[serde(skip_serializing)]
    #[oai(skip)]
    pub bookmarks: i64,
}

impl Post {
    /// Whether anybody has liked, reposted or bookmarked it.
    fn has_been_used(&self) -> bool {
        self.counts.likes + self.counts.reposts + self.bookmarks > 0
    }
}

/// An image or video of a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct Media {
    /// An opaque CUID2 id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    /// Where the file is.
    pub url: String,
    /// What it shows, for those who cannot see it.
    pub alt_text: Option<String>,
}

/// Numbers on a post.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct PostCounts {
    /// Comments of its thread, at every depth, without deleted ones.
    #[oai(validator(minimum(value = "0")))]
    pub comments: i64,
    /// How many people like it.
    #[oai(validator(minimum(value = "0")))]
    pub likes: i64,
    /// How many people reposted it.
    #[oai(validator(minimum(value = "0")))]
    pub reposts: i64,
    /// How many posts quote it.
    #[oai(validator(minimum(value = "0")))]
    pub quotes: i64,
}

/// What the acting user has done with a post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct PostViewer {
    /// The acting user likes it.
    pub liked: bool,
    /// The acting user reposted it.
    pub reposted: bool,
    /// The acting user bookmarked it.
    pub bookmarked: bool,
}

/// A post, or what is in the place of one that was deleted or is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Union)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[oai(one_of, discriminator_name = "kind")]
#[expect(clippy::large_enum_variant, reason = "nearly every one is a post")]
pub enum PostOrTombstone {
    #[oai(mapping = "post")]
    Post(Post),
    #[oai(mapping = "deleted")]
    Deleted(Tombstone),
    #[oai(mapping = "removed")]
    Removed(RemovedPost),
    #[oai(mapping = "hidden")]
    Hidden(HiddenPost),
}

/// What is left of a deleted post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct Tombstone {
    /// The id that the post had.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
}

/// What is left of a post that a moderator removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct RemovedPost {
    /// The id that the post had.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
}

impl From<GonePost> for PostOrTombstone {
    fn from(gone: GonePost) -> Self {
        let GonePost { id, removed } = gone;
        if removed { Self::Removed(RemovedPost { id }) } else { Self::Deleted(Tombstone { id }) }
    }
}

/// A post that the acting user is not shown: one of them and its author blocks the other, or in a feed, mutes the author;
/// or its author is suspended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct HiddenPost {
    /// The id of the post.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
}

/// The posts of those ids, by id, with what they quote and what the viewer has done with them.
pub async fn read(
    run: &mut impl Run,
    ids: &[String],
    viewer: Option<&str>,
) -> Result<HashMap<String, Post>, Error> {
    read_ahead(run, ids, &[], viewer).await
}

/// Like [`read`], where it is known of some posts that they are quoted: they are read with those that quote them.
pub async fn read_ahead(
    run: &mut impl Run,
    ids: &[String],
    quoted: &[String],
    viewer: Option<&str>,
) -> Result<HashMap<String, Post>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut all: Vec<String> = ids.iter().chain(quoted).cloned().collect();
    all.sort_unstable();
    all.dedup();
    let (mut found, mut states) = if are_mostly_missing(run, &all) {
        both(run, all, viewer).await?
    } else {
        (run.run_keyed(&ReadPosts { ids: all }).await?, Vec::new())
    };
    let known: HashSet<&str> = found.iter().map(|post| post.id.as_str()).collect();
    let mut missing: Vec<String> = found.iter().filter_map(|post| post.quote_of.clone()).collect();
    missing.retain(|id| !known.contains(id.as_str()) && !quoted.contains(id));
    if !missing.is_empty() {
        missing.sort_unstable();
        missing.dedup();
        let (posts, theirs) = both(run, missing, viewer).await?;
        found.extend(posts);
        states.extend(theirs);
    }
    if let Some(viewer) = viewer {
        let mut states: HashMap<String, PostViewer> =
            states.into_iter().map(|row| (row.id.clone(), row.state())).collect();
        // With a post with which nobody has done anything the viewer has done nothing either.
        let unknown = found.iter().filter(|post| post.has_been_used() && !states.contains_key(&post.id));
        let unknown: Vec<PostOfUser> = unknown.map(|post| PostOfUser::new(&post.id, viewer)).collect();
        if !unknown.is_empty() {
            let query = PostsViewerState { viewer: viewer.to_owned(), posts: unknown };
            let rows = run.run_keyed(&query).await?;
            states.extend(rows.into_iter().map(|row| (row.id.clone(), row.state())));
        }
        for post in &mut found {
            post.viewer = Some(states.get(&post.id).copied().unwrap_or_default());
        }
    }
    let ids: HashSet<&String> = ids.iter().collect();
    let (mut posts, mut others): (HashMap<String, Post>, HashMap<String, Post>) =
        found.into_iter().map(|post| (post.id.clone(), post)).partition(|(id, _)| ids.contains(id));
    for post in posts.values_mut().chain(others.values_mut()) {
        post.mentions.sort_by(|one, other| one.handle.cmp(&other.handle));
    }
    let gone = posts.values().filter_map(|post| post.quote_of.clone());
    let gone =
        removed_among(run, gone.filter(|id| !others.contains_key(id) && !posts.contains_key(id))).await?;
    let links: Vec<_> = posts
        .values()
        .filter_map(|post| {
            let id = post.quote_of.as_ref()?;
            let quoted = others.get(id).or_else(|| posts.get(id)).map_or_else(
                || GonePost { id: id.clone(), removed: gone.contains(id) }.into(),
                |quoted| PostOrTombstone::Post(quoted.clone()),
            );
            Some((post.id.clone(), Box::new(quoted)))
        })
        .collect();
    for (id, quoted) in links {
        if let Some(post) = posts.get_mut(&id) {
            post.quoted = Some(quoted);
        }
    }
    Ok(posts)
}

/// Which of those posts, none of which is there any more, a moderator removed.
async fn removed_among(
    run: &mut impl Run,
    gone: impl Iterator<Item = String>,
) -> Result<HashSet<String>, Error> {
    let mut ids: Vec<String> = gone.collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    ids.sort_unstable();
    ids.dedup();
    let rows = run.run_keyed(&FindDeletedPosts { ids }).await?;
    Ok(rows.into_iter().filter(|row| row.removed).map(|row| row.id).collect())
}

/// Whether so little of those posts is kept that it is best to ask at once for all that a page of them takes.
pub fn are_mostly_missing(run: &impl Run, ids: &[String]) -> bool {
    !run.knows_half(&ReadPosts { ids: ids.to_vec() })
}

/// Posts, and what the viewer has done with them.
async fn both(
    run: &mut impl Run,
    ids: Vec<String>,
    viewer: Option<&str>,
) -> Result<(Vec<Post>, Vec<PostViewerRow>), Error> {
    let Some(viewer) = viewer else { return Ok((run.run_keyed(&ReadPosts { ids }).await?, Vec::new())) };
    let posts = ids.iter().map(|id| PostOfUser::new(id, viewer)).collect();
    run.run_both(&ReadPosts { ids }, &PostsViewerState { viewer: viewer.to_owned(), posts }).await
}

/// One post as it is shown to a viewer, who must be allowed to see it.
pub async fn read_shown(run: &mut impl Run, id: &str, viewer: Option<&str>) -> Result<Post, Error> {
    let mut post = read_one(run, id, viewer).await?;
    let hidden = Hidden::from(run, viewer).await?;
    hidden.check(&post.author.id, Error::PostNotFound)?;
    check_audience(run, &post, viewer).await?;
    cover(&mut post, |person| !hidden.is_blocked(person));
    Ok(post)
}

/// Covers what a post quotes of people who are not shown, and takes them out of whom it mentions.
pub fn cover(post: &mut Post, is_shown: impl Fn(&str) -> bool) {
    if let Some(quoted) = &mut post.quoted
        && let PostOrTombstone::Post(inner) = quoted.as_mut()
    {
        if is_shown(&inner.author.id) {
            inner.mentions.retain(|person| is_shown(&person.id));
        } else {
            **quoted = PostOrTombstone::Hidden(HiddenPost { id: inner.id.clone() });
        }
    }
    post.mentions.retain(|person| is_shown(&person.id));
}

/// Refuses whom a post is not for.
async fn check_audience(run: &mut impl Run, post: &Post, viewer: Option<&str>) -> Result<(), Error> {
    let audience = Audience::of(run, viewer, [post].into_iter()).await?;
    if audience.may_see(post) { Ok(()) } else { Err(Error::PostNotFound) }
}

/// What is known of a post that may be seen.
pub struct Shown {
    /// Who is hidden from the viewer.
    pub hidden: Hidden,
    pub visibility: Visibility,
    replies: Visibility,
}

impl Shown {
    /// Refuses to show it to others than its author chose.
    pub fn check_public(&self) -> Result<(), Error> {
        if self.visibility == Visibility::Public { Ok(()) } else { Err(Error::NotPublic) }
    }
}

/// Refuses who may not see a post, or whom its author does not want to see.
pub async fn check_shown(run: &mut impl Run, id: &str, viewer: Option<&str>) -> Result<Shown, Error> {
    let Some(found) = run.one(&FindPost { id: id.to_owned() }).await? else {
        return Err(missing(run, id).await);
    };
    let hidden = Hidden::from(run, viewer).await?;
    hidden.check(&found.author_id, Error::PostNotFound)?;
    check_visibility(run, id, found.visibility, viewer).await?;
    Ok(Shown { hidden, visibility: found.visibility, replies: found.replies })
}

/// Refuses who may not comment on a post.
pub async fn check_may_comment(run: &mut impl Run, id: &str, viewer: &str) -> Result<(), Error> {
    if check_shown(run, id, Some(viewer)).await?.replies == Visibility::Public {
        return Ok(());
    }
    let post = read_one(run, id, None).await?;
    let audience = Audience::around(run, viewer, &post).await?;
    if audience.may_comment(&post) { Ok(()) } else { Err(Error::RepliesLimited) }
}

/// Refuses whom a post of that visibility is not for.
async fn check_visibility(
    run: &mut impl Run,
    id: &str,
    visibility: Visibility,
    viewer: Option<&str>,
) -> Result<(), Error> {
    if visibility == Visibility::Public {
        return Ok(());
    }
    let post = read_one(run, id, None).await?;
    check_audience(run, &post, viewer).await
}

/// Who wrote a post that is there for a viewer. It is even where the viewer blocks its author.
pub async fn author_of(run: &mut impl Run, id: &str, viewer: &str) -> Result<String, Error> {
    let Some(found) = run.one(&FindPost { id: id.to_owned() }).await? else {
        return Err(missing(run, id).await);
    };
    if Hidden::from(run, Some(viewer)).await?.is_gone(&found.author_id) {
        return Err(Error::PostNotFound);
    }
    check_visibility(run, id, found.visibility, Some(viewer)).await?;
    Ok(found.author_id)
}

/// One post, which must exist.
pub async fn read_one(run: &mut impl Run, id: &str, viewer: Option<&str>) -> Result<Post, Error> {
    match read(run, &[id.to_owned()], viewer).await?.remove(id) {
        Some(post) => Ok(post),
        None => Err(missing(run, id).await),
    }
}

/// A post or its tombstone; an error only if there never was such a post.
pub async fn read_or_tombstone(
    run: &mut impl Run,
    id: &str,
    viewer: Option<&str>,
) -> Result<PostOrTombstone, Error> {
    match read_shown(run, id, viewer).await {
        Ok(post) => Ok(PostOrTombstone::Post(post)),
        Err(error @ (Error::PostDeleted | Error::PostRemoved)) => {
            let removed = matches!(error, Error::PostRemoved);
            Ok(GonePost { id: id.to_owned(), removed }.into())
        }
        Err(error) => Err(error),
    }
}

/// Why a post cannot be found: it was deleted or removed, or there never was one.
pub async fn missing(run: &mut impl Run, id: &str) -> Error {
    match run.one(&FindDeletedPosts { ids: vec![id.to_owned()] }).await {
        Ok(Some(gone)) if gone.removed => Error::PostRemoved,
        Ok(Some(_)) => Error::PostDeleted,
        Ok(None) => Error::PostNotFound,
        Err(error) => error,
    }
}
