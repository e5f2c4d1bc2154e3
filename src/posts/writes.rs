//! Making, changing and deleting posts, each in one transaction.

use super::{
    Post, Visibility, missing,
    queries::{
        CountSince, EditPost, FindPost, InsertPost, LinkMentions, LinkQuote, LinkTags, LockAuthor,
        RemovePost, UnlinkPost,
    },
    read_one,
};
use crate::{
    clock::Timestamp,
    error::Error,
    http::entity_tag::matches_revision,
    idempotency::Creation,
    store::{Run, StoreError, Tx, Work},
    text,
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
    pub visibility: Visibility,
    pub rank_key: i64,
    pub created_at: Timestamp,
    /// Most posts, quotes and reposts a day.
    pub quota: Option<u32>,
}

impl Creation for CreatePost {
    type Resource = Post;

    async fn create(&self, tx: &mut Tx) -> Result<Post, Error> {
        if let Some(quota) = self.quota {
            lock_author(tx, &self.author, self.created_at).await?;
            check_quota(tx, &self.author, quota, self.created_at).await?;
        }
        let insert = InsertPost {
            id: self.id.clone(),
            author: self.author.clone(),
            rank_key: self.rank_key,
            created_at: self.created_at.0,
            text: self.text.clone(),
            tags: self.tags.clone(),
            visibility: self.visibility,
            quote_of: self.quote_of.clone(),
        };
        tx.one(&insert).await?.ok_or(Error::InvalidToken)?;
        if let Some(quoted) = self.quote_of.clone() {
            let link = LinkQuote { id: self.id.clone(), quoted: quoted.clone(), rank_key: self.rank_key };
            if tx.one(&link).await?.is_none() {
                return Err(missing(tx, &quoted).await);
            }
        }
        link(tx, &self.id, &self.text, &self.tags, self.rank_key).await?;
        // Nobody has done anything with a new post; with what it quotes, its author may have.
        let viewer = self.quote_of.as_ref().map(|_| self.author.as_str());
        let mut post = read_one(tx, &self.id, viewer).await?;
        post.viewer.get_or_insert_default();
        Ok(post)
    }

    fn location(post: &Post) -> String {
        format!("/v1/posts/{}", post.id)
    }
}

/// Makes parallel requests of an author count one after the other.
pub async fn lock_author(tx: &mut Tx, author: &str, now: Timestamp) -> Result<(), Error> {
    tx.one(&LockAuthor { author: author.to_owned(), now: now.0 }).await?.ok_or(Error::InvalidToken)?;
    Ok(())
}

/// Refuses when the author, who must be locked, has used the day up.
pub async fn check_quota(tx: &mut Tx, author: &str, quota: u32, now: Timestamp) -> Result<(), Error> {
    let since = now.start_of_day().rank_key();
    let count = tx.one(&CountSince { author: author.to_owned(), since }).await?.map_or(0, |row| row.count);
    if count >= i64::from(quota) { Err(Error::DailyPostQuotaExceeded(quota)) } else { Ok(()) }
}

/// Links a post to its tags and to the people its text mentions.
async fn link(tx: &mut Tx, id: &str, text: &str, tags: &[String], rank_key: i64) -> Result<(), Error> {
    if !tags.is_empty() {
        tx.run(&LinkTags { id: id.to_owned(), tags: tags.to_vec(), rank_key }).await?;
    }
    let handles = text::mentions(text);
    if !handles.is_empty() {
        tx.run(&LinkMentions { id: id.to_owned(), handles }).await?;
    }
    Ok(())
}

/// A new text for a post of one's own.
#[derive(Clone, Debug)]
pub struct ChangePost {
    pub viewer: String,
    pub post: String,
    pub text: String,
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
        let tags = text::hashtags(&self.text);
        let edit = EditPost {
            id: self.post.clone(),
            revision: found.revision,
            text: self.text.clone(),
            tags: tags.clone(),
            now: self.now,
        };
        // No row: another edit came in between; this one is judged again against it.
        tx.one(&edit).await?.ok_or_else(|| StoreError::Transient("the post changed meanwhile".into()))?;
        tx.run(&UnlinkPost { id: self.post.clone() }).await?;
        link(tx, &self.post, &self.text, &tags, found.rank_key).await?;
        read_one(tx, &self.post, Some(&self.viewer)).await
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
        tx.one(&RemovePost { id: self.post.clone(), now: self.now }).await?.ok_or(Error::PostDeleted)?;
        Ok(())
    }
}
