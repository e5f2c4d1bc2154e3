//! Posts and quotes: what people say to everybody.

pub mod api;
pub mod queries;
mod writes;

use std::collections::HashMap;

use poem_openapi::{Enum, Object, Union};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::Error,
    posts::queries::{FindDeletedPosts, PostOfUser, PostsViewerState, ReadPosts},
    store::Run,
    users::UserSummary,
};

pub use writes::{ChangePost, CreatePost, DeletePost, check_quota, lock_author};

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
}

/// Who can see a post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody, also without an account.
    #[default]
    Public,
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

/// A post, or what is left of a deleted one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Union)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[oai(one_of, discriminator_name = "kind")]
#[expect(clippy::large_enum_variant, reason = "nearly every one is a post")]
pub enum PostOrTombstone {
    #[oai(mapping = "post")]
    Post(Post),
    #[oai(mapping = "deleted")]
    Deleted(Tombstone),
}

/// What is left of a deleted post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Object)]
pub struct Tombstone {
    /// The id that the post had.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
}

/// The posts of those ids, by id, with what they quote and what the viewer has done with them.
pub async fn read(
    run: &mut impl Run,
    ids: &[String],
    viewer: Option<&str>,
) -> Result<HashMap<String, Post>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = run.run_keyed(&ReadPosts { ids: ids.to_vec() }).await?;
    let mut posts: HashMap<String, Post> = rows.into_iter().map(|post| (post.id.clone(), post)).collect();
    let quoted: Vec<String> = posts.values().filter_map(|post| post.quote_of.clone()).collect();
    let missing: Vec<String> = quoted.iter().filter(|id| !posts.contains_key(*id)).cloned().collect();
    let mut others: HashMap<String, Post> = HashMap::new();
    if !missing.is_empty() {
        let rows = run.run_keyed(&ReadPosts { ids: missing }).await?;
        others.extend(rows.into_iter().map(|post| (post.id.clone(), post)));
    }
    if let Some(viewer) = viewer {
        let of_viewer = posts.keys().chain(others.keys()).map(|id| PostOfUser::new(id, viewer)).collect();
        let states = run.run_keyed(&PostsViewerState { viewer: viewer.to_owned(), posts: of_viewer }).await?;
        let states: HashMap<_, _> = states.into_iter().map(|row| (row.id.clone(), row.state())).collect();
        for post in posts.values_mut().chain(others.values_mut()) {
            post.viewer = Some(states.get(&post.id).copied().unwrap_or_default());
        }
    }
    for post in posts.values_mut().chain(others.values_mut()) {
        post.mentions.sort_by(|one, other| one.handle.cmp(&other.handle));
    }
    let links: Vec<_> = posts
        .values()
        .filter_map(|post| {
            let id = post.quote_of.as_ref()?;
            let quoted = others.get(id).or_else(|| posts.get(id)).map_or_else(
                || PostOrTombstone::Deleted(Tombstone { id: id.clone() }),
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
    match read_one(run, id, viewer).await {
        Ok(post) => Ok(PostOrTombstone::Post(post)),
        Err(Error::PostDeleted) => Ok(PostOrTombstone::Deleted(Tombstone { id: id.to_owned() })),
        Err(error) => Err(error),
    }
}

/// Why a post cannot be found: it was deleted, or there never was one.
pub async fn missing(run: &mut impl Run, id: &str) -> Error {
    match run.one(&FindDeletedPosts { ids: vec![id.to_owned()] }).await {
        Ok(Some(_)) => Error::PostDeleted,
        Ok(None) => Error::PostNotFound,
        Err(error) => error,
    }
}
