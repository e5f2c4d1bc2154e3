//! `/v1/posts`: writing, reading, changing and deleting posts, and who reacted to them.

use std::sync::Arc;

use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
};
use serde::Deserialize;

use super::{
    Audience, ChangePost, CreatePost, DeletePost, Post, Visibility, check_shown, cover,
    queries::{ListedPost, PostLikes, PostQuotes, PostReposts},
    read, read_shown,
};
use crate::{
    app::App,
    auth::{Reader, Viewer},
    cache::Turn,
    clock::{Timestamp, new_id},
    cypher::Query as Statement,
    error::Error,
    http::{
        answer::{Created, Json, NoContent},
        body::Body,
    },
    idempotency,
    page::{Limit, Page, Paging, Position},
    section::Section,
    text,
    users::{Hidden, UserSummary, api::people_page, rules::refuse},
};

pub struct PostsApi {
    pub app: Arc<App>,
}

/// A post to be written.
#[derive(Debug, Object, Deserialize)]
pub struct NewPost {
    /// The text: 1 to 280 grapheme clusters unless configured otherwise. `#tags` and `@handles` in it become links.
    pub text: String,
    /// The id of the post that this one quotes.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub quote_of: Option<String>,
    /// Who can see it; when left out `public`, or `followers` if the author's account is locked. It does not change later.
    pub visibility: Option<Visibility>,
    /// Who can comment on it, of those who can see it; `public`, which is all of them, when left out.
    pub replies: Option<Visibility>,
}

/// Changes of a post. What is left out stays as it is.
#[derive(Debug, Object, Deserialize)]
pub struct PostChanges {
    /// The new text, within the bounds of a new post's.
    pub text: Option<String>,
    /// Who can comment on it from now on. Comments that are there stay.
    pub replies: Option<Visibility>,
}

#[OpenApi(tag = "Section::Posts")]
impl PostsApi {
    /// Write a post
    ///
    /// Creates a post, or with `quote_of` a quote of another. Where a daily limit is configured, posts, quotes and
    /// reposts count together per UTC day: `422 daily_post_quota_exceeded`.
    #[oai(path = "/v1/posts", method = "post", operation_id = "create_post")]
    async fn create_post(
        &self,
        viewer: Viewer,
        body: Body<NewPost>,
        /// Makes a repetition of this request safe for 24 hours.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
    ) -> Result<Created<Post>, Error> {
        let text = self.clean(&body.value.text)?;
        let rank_key = self.app.clock.next_rank_key();
        let creation = CreatePost {
            id: new_id(),
            author: viewer.id.clone(),
            tags: text::hashtags(&text),
            text,
            quote_of: body.value.quote_of,
            visibility: body.value.visibility,
            replies: body.value.replies.unwrap_or_default(),
            rank_key,
            created_at: Timestamp::of_rank_key(rank_key),
            quota: self.app.daily_quota(),
        };
        let request = idempotency::Request {
            actor: Some(&viewer.id),
            operation: "create_post",
            target: "",
            key: idempotency_key.0,
            body: &body.raw,
        };
        let created = idempotency::create(&self.app, request, creation).await?;
        self.app.updates.announce();
        Ok(created)
    }

    /// Read a post
    ///
    /// A post with its numbers. A deleted one answers `410 post_deleted`.
    #[oai(path = "/v1/posts/:id", method = "get", operation_id = "get_post")]
    async fn get_post(
        &self,
        reader: Reader,
        /// The post's id.
        id: Path<String>,
    ) -> Result<Json<Post>, Error> {
        let key = format!("{} {}", id.0, reader.id().unwrap_or_default());
        let draft = match self.app.answer("get_post", &key).await {
            Turn::Kept(answer) => return Ok(Json::kept(answer)),
            Turn::Make(draft) => draft,
        };
        let post = read_shown(&mut draft.reading(), &id.0, reader.id()).await?;
        Ok(Json::new(&post).with_revision(post.revision).keep(draft))
    }

    /// Change a post
    ///
    /// Sets the text of one's own post, with its tags and mentions, and who can comment on it. With `If-Match`, only if
    /// nobody changed it since.
    #[oai(path = "/v1/posts/:id", method = "patch", operation_id = "update_post")]
    async fn update_post(
        &self,
        viewer: Viewer,
        /// The post's id.
        id: Path<String>,
        body: Body<PostChanges>,
        /// An entity tag that the post must still have in its revision.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Json<Post>, Error> {
        let work = ChangePost {
            viewer: viewer.id,
            post: id.0,
            text: body.value.text.as_deref().map(|text| self.clean(text)).transpose()?,
            replies: body.value.replies,
            if_match: if_match.0,
            now: self.app.clock.now().0,
        };
        let post = self.app.store.write(&work).await?;
        Ok(Json::new(&post).with_revision(post.revision))
    }

    /// Delete a post
    ///
    /// Deletes one's own post with its reposts, likes and bookmarks. Quotes of it show a tombstone, and its comments
    /// stay their authors'. A second time answers `410 post_deleted`.
    #[oai(path = "/v1/posts/:id", method = "delete", operation_id = "delete_post")]
    async fn delete_post(
        &self,
        viewer: Viewer,
        /// The post's id.
        id: Path<String>,
    ) -> Result<NoContent, Error> {
        let work = DeletePost { viewer: viewer.id, post: id.0, now: self.app.clock.now().0 };
        self.app.store.write(&work).await?;
        Ok(NoContent)
    }

    /// List who likes a post
    ///
    /// The people who like a post, newest like first.
    #[oai(path = "/v1/posts/:id/likes", method = "get", operation_id = "list_post_likes")]
    async fn list_post_likes(
        &self,
        reader: Reader,
        /// The post's id.
        id: Path<String>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<UserSummary>>, Error> {
        let hidden = check_shown(&mut &self.app.reading(), &id.0, reader.id()).await?.hidden;
        let paging = Paging::new(limit.0, cursor.0);
        let list = format!("likes:{}", id.0);
        let page = people_page(&self.app, &list, &paging, |before_key, before_id, limit| PostLikes {
            post: id.0,
            hidden: hidden.blocked(),
            before_key,
            before_id,
            limit,
        });
        Ok(Json::page(&page.await?))
    }

    /// List who reposted a post
    ///
    /// The people who reposted a post, newest repost first.
    #[oai(path = "/v1/posts/:id/reposts", method = "get", operation_id = "list_post_reposts")]
    async fn list_post_reposts(
        &self,
        reader: Reader,
        /// The post's id.
        id: Path<String>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<UserSummary>>, Error> {
        let hidden = check_shown(&mut &self.app.reading(), &id.0, reader.id()).await?.hidden;
        let paging = Paging::new(limit.0, cursor.0);
        let list = format!("reposts:{}", id.0);
        let page = people_page(&self.app, &list, &paging, |before_key, before_id, limit| PostReposts {
            post: id.0,
            hidden: hidden.blocked(),
            before_key,
            before_id,
            limit,
        });
        Ok(Json::page(&page.await?))
    }

    /// List the quotes of a post
    ///
    /// The posts that quote a post, newest first.
    #[oai(path = "/v1/posts/:id/quotes", method = "get", operation_id = "list_post_quotes")]
    async fn list_post_quotes(
        &self,
        reader: Reader,
        /// The post's id.
        id: Path<String>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<Post>>, Error> {
        check_shown(&mut &self.app.reading(), &id.0, reader.id()).await?;
        let paging = Paging::new(limit.0, cursor.0);
        let list = format!("quotes:{}", id.0);
        let page = posts_page(&self.app, &list, &paging, reader.id(), |before_key, before_id, limit| {
            PostQuotes { post: id.0.clone(), before_key, before_id, limit }
        });
        Ok(Json::page(&page.await?))
    }
}

impl PostsApi {
    fn clean(&self, text: &str) -> Result<String, Error> {
        let mut errors = Vec::new();
        let text = text::clean("text", text, 1, self.app.config.limits.post_chars, &mut errors);
        refuse(errors)?;
        Ok(text)
    }
}

/// A page of posts ordered by (key, id), newest first. The place of one that is not shown, or is deleted while the
/// page is read, is filled from behind, so that only the last page is short.
pub async fn posts_page<Q: Statement<Row = ListedPost>>(
    app: &App,
    list: &str,
    paging: &Paging,
    viewer: Option<&str>,
    query: impl Fn(i64, String, usize) -> Q,
) -> Result<Page<Post>, Error> {
    let position = app.cursors.position(list, paging, Position::newest())?;
    let hidden = &Hidden::from(&mut &app.reading(), viewer).await?;
    let (query, is_shown) = (&query, |person: &str| !hidden.is_blocked(person));
    let read = |position: Position, limit| async move {
        let rows = app.store.run(&query(position.key, position.id, limit)).await?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let mut posts = read(&mut &app.store, &ids, viewer).await?;
        let audience = Audience::of(&mut &app.reading(), viewer, posts.values()).await?;
        let may_see = |post: &Post| is_shown(&post.author.id) && audience.may_see(post);
        let shown = |row: ListedPost| {
            let mut post = posts.remove(&row.id).filter(may_see);
            if let Some(post) = &mut post {
                cover(post, is_shown);
            }
            (Position { key: row.key, id: row.id }, post)
        };
        Ok(rows.into_iter().map(shown).collect())
    };
    app.cursors.filled(list, paging, position, read).await
}
