//! Making, changing and deleting posts, each in one transaction.

use super::{
    Post, PostCounts, PostViewer, Visibility, check_shown, missing,
    queries::{
        EditPost, FindPost, FoundPost, InsertPost, LinkMentions, LinkQuote, LinkTags, LockAuthor, NewPostRow,
        RemovePost, SetReplies, UnlinkPost,
    },
    read_shown,
};
use crate::{
    clock::Timestamp,
    error::Error,
    http::entity_tag::matches_revision,
    idempotency::Creation,
    store::{Run, StoreError, Tx, Work},
    text,
    users::Hidden,
};

/// A new post or quote. The text is clean.
#[derive(Clone, Debug)]
pub struct CreatePost {
    pub id: String,
    pub author: String,
    pub text: String,
    /// What the post is about; the hashtags of its text unless an import knows better.
    pub tags: Vec<String>,
    pub quote_of: Option<String>,
    /// None chooses for the author: everybody, or followers if it takes consent to become one.
    pub visibility: Option<Visibility>,
    pub replies: Visibility,
    pub rank_key: i64,
    pub created_at: Timestamp,
    /// Most posts, quotes and reposts a day.
    pub quota: Option<u32>,
}

impl Creation for CreatePost {
    type Resource = Post;

    async fn create(&self, tx: &mut Tx) -> Result<Post, Error> {
        if let Some(quota) = self.quota {
            check_quota(lock_author(tx, &self.author, self.created_at).await?, quota)?;
        }
        let insert = InsertPost {
            id: self.id.clone(),
            author: self.author.clone(),
            rank_key: self.rank_key,
            created_at: self.created_at.0,
            text: self.text.clone(),
            tags: self.tags.clone(),
            visibility: self.visibility,
            replies: self.replies,
            quote_of: self.quote_of.clone(),
        };
        let NewPostRow { author, visibility } = tx.one(&insert).await?.ok_or(Error::InvalidToken)?;
        if let Some(quoted) = self.quote_of.clone() {
            check_shown(tx, &quoted, Some(&self.author)).await?.check_public()?;
            let link = LinkQuote { id: self.id.clone(), quoted: quoted.clone(), rank_key: self.rank_key };
            if tx.one(&link).await?.is_none() {
                return Err(missing(tx, &quoted).await);
            }
        }
        let mentions = link_mentions(tx, &self.id, &self.text, &self.author).await?;
        if self.quote_of.is_some() || mentions {
            return read_shown(tx, &self.id, Some(&self.author)).await;
        }
        // Nobody has done anything with a new post, and all else of it is known.
        Ok(Post {
            id: self.id.clone(),
            author,
            text: self.text.clone(),
            created_at: self.created_at,
            edited_at: None,
            visibility,
            replies: self.replies,
            quoted: None,
            media: Vec::new(),
            tags: self.tags.clone(),
            mentions: Vec::new(),
            counts: PostCounts::default(),
            viewer: Some(PostViewer::default()),
            quote_of: None,
            revision: 1,
            bookmarks: 0,
            rank_key: self.rank_key,
        })
    }

    fn location(post: &Post) -> String {
        format!("/v1/posts/{}", post.id)
    }
}

/// Makes parallel requests of an author count one after the other, and tells how many posts, quotes and reposts they
/// have made today.
pub async fn lock_author(tx: &mut Tx, author: &str, now: Timestamp) -> Result<i64, Error> {
    let since = now.start_of_day().rank_key();
    let lock = LockAuthor { author: author.to_owned(), now: now.0, since };
    Ok(tx.one(&lock).await?.ok_or(Error::InvalidToken)?.count)
}

/// Refuses when the author, who made so many today, has used the day up.
pub fn check_quota(made: i64, quota: u32) -> Result<(), Error> {
    if made >= i64::from(quota) { Err(Error::DailyPostQuotaExceeded(quota)) } else { Ok(()) }
}

/// Links a post to the people its text mentions, unless they and its author are hidden from each other. Whether it may
/// mention any.
async fn link_mentions(tx: &mut Tx, id: &str, text: &str, author: &str) -> Result<bool, Error> {
    let handles = text::mentions(text);
    if handles.is_empty() {
        return Ok(false);
    }
    let hidden = Hidden::from(tx, Some(author)).await?.blocked();
    tx.run(&LinkMentions { id: id.to_owned(), handles, hidden }).await?;
    Ok(true)
}

/// A new text for a post of one's own, or others who can comment on it.
#[derive(Clone, Debug)]
pub struct ChangePost {
    pub viewer: String,
    pub post: String,
    pub text: Option<String>,
    pub replies: Option<Visibility>,
    pub if_match: Option<String>,
    pub now: i64,
}

impl Work for ChangePost {
    type Output = Post;

    async fn run(&self, tx: &mut Tx) -> Result<Post, Error> {
        let Some(found) = tx.one(&FindPost { id: self.post.clone() }).await? else {
            return Err(missing(tx, &self.post).await);
        };
        if found.author_id != self.viewer {
            return Err(Error::Forbidden("Only its author can change a post."));
        }
        if !matches_revision(self.if_match.as_deref(), found.revision) {
            return Err(Error::PreconditionFailed);
        }
        let mut revision = found.revision;
        if let Some(text) = &self.text {
            self.set_text(tx, text, &found).await?;
            revision += 1;
        }
        if let Some(replies) = self.replies {
            let set = SetReplies { id: self.post.clone(), revision, replies };
            tx.one(&set).await?.ok_or_else(changed)?;
        }
        read_shown(tx, &self.post, Some(&self.viewer)).await
    }
}

/// Another edit came in between; this one is judged again against it.
fn changed() -> StoreError {
    StoreError::Transient("the post changed meanwhile".into())
}

impl ChangePost {
    async fn set_text(&self, tx: &mut Tx, text: &str, found: &FoundPost) -> Result<(), Error> {
        let tags = text::hashtags(text);
        let edit = EditPost {
            id: self.post.clone(),
            revision: found.revision,
            text: text.to_owned(),
            tags: tags.clone(),
            now: self.now,
        };
        tx.one(&edit).await?.ok_or_else(changed)?;
        tx.run(&UnlinkPost { id: self.post.clone() }).await?;
        if !tags.is_empty() {
            tx.run(&LinkTags { id: self.post.clone(), tags, rank_key: found.rank_key }).await?;
        }
        link_mentions(tx, &self.post, text, &self.viewer).await?;
        Ok(())
    }
}

/// The end of a post of one's own.
#[derive(Clone, Debug)]
pub struct DeletePost {
    pub viewer: String,
    pub post: String,
    pub now: i64,
}

impl Work for DeletePost {
    type Output = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Error> {
        let Some(found) = tx.one(&FindPost { id: self.post.clone() }).await? else {
            return Err(missing(tx, &self.post).await);
        };
        if found.author_id != self.viewer {
            return Err(Error::Forbidden("Only its author can delete a post."));
        }
        let remove = RemovePost { id: self.post.clone(), removed: false, now: self.now };
        tx.one(&remove).await?.ok_or(Error::PostDeleted).map(drop)
    }
}

/// Removes anybody's post, which leaves a tombstone that says so. One that is gone stays what it is.
pub async fn take_down(tx: &mut Tx, post: &str, now: Timestamp) -> Result<(), Error> {
    tx.one(&RemovePost { id: post.to_owned(), removed: true, now: now.0 }).await.map(drop)
}
