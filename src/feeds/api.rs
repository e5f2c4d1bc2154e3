//! `/v1/feeds` and the posts of a user.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::BoxStream};
use poem::web::sse::Event;
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
    payload::EventStream,
};

use super::{
    Feed, FeedItem, Trending, reader,
    stream::{self, StreamEvent},
};
use crate::{
    app::App,
    auth::{Reader, Viewer},
    cache::Turn,
    error::Error,
    http::answer::{Json, to_json},
    page::{Limit, Page, Paging},
    section::Section,
    text::tag_key,
    users::resolve_shown,
};

pub struct FeedsApi {
    pub app: Arc<App>,
    pub trending: Trending,
}

#[OpenApi(tag = "Section::Feeds")]
impl FeedsApi {
    /// Read the home feed
    ///
    /// The posts and reposts of those whom the acting user follows, and their own, newest first by (`rank_at`, id). A
    /// post stands once, at its newest reason. What arrives while one pages is left for the next walk.
    #[oai(path = "/v1/feeds/home", method = "get", operation_id = "get_home_feed")]
    async fn get_home_feed(
        &self,
        viewer: Viewer,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<FeedItem>>, Error> {
        self.page(&Feed::Home(viewer.id.clone()), Paging::new(limit.0, cursor.0), Some(&viewer.id)).await
    }

    /// Read the public feed
    ///
    /// The posts and quotes of all, newest first.
    #[oai(path = "/v1/feeds/public", method = "get", operation_id = "get_public_feed")]
    async fn get_public_feed(
        &self,
        reader: Reader,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<FeedItem>>, Error> {
        self.page(&Feed::Public, Paging::new(limit.0, cursor.0), reader.id()).await
    }

    /// Read the feed of a tag
    ///
    /// The posts with a hashtag, newest first. A tag that nobody has used has an empty feed.
    #[oai(path = "/v1/feeds/tags/:tag", method = "get", operation_id = "get_tag_feed")]
    async fn get_tag_feed(
        &self,
        reader: Reader,
        /// The hashtag without `#`, without regard to case.
        tag: Path<String>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<FeedItem>>, Error> {
        self.page(&Feed::Tag(tag_key(&tag.0)), Paging::new(limit.0, cursor.0), reader.id()).await
    }

    /// Read what is trending
    ///
    /// The 1,000 posts that are liked, commented, reposted and quoted the most, where each of these counts half as much
    /// after every six hours: 1 a like, 2 a comment, 3 a repost or quote. The ranking is up to a few seconds old, and
    /// stands still while one pages through it, for ten minutes.
    #[oai(path = "/v1/feeds/trending", method = "get", operation_id = "get_trending_feed")]
    async fn get_trending_feed(
        &self,
        reader: Reader,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<FeedItem>>, Error> {
        let paging = Paging::new(limit.0, cursor.0);
        let key = format!("{paging:?} {:?}", reader.id());
        let draft = match self.app.answer("get_trending_feed", &key).await {
            Turn::Kept(answer) => return Ok(Json::kept(answer)),
            Turn::Make(draft) => draft,
        };
        let page = self.trending.page(&self.app, draft.reading(), &paging, reader.id()).await?;
        Ok(Json::page(&page).keep(draft))
    }

    /// Read the posts of a user
    ///
    /// The posts, quotes and reposts of a user, newest first.
    #[oai(path = "/v1/users/:user/posts", method = "get", operation_id = "list_user_posts")]
    async fn list_user_posts(
        &self,
        reader: Reader,
        /// An id, or `@` and a handle.
        user: Path<String>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<FeedItem>>, Error> {
        let paging = Paging::new(limit.0, cursor.0);
        let key = format!("{} {paging:?} {:?}", user.0, reader.id());
        let draft = match self.app.answer("list_user_posts", &key).await {
            Turn::Kept(answer) => return Ok(Json::kept(answer)),
            Turn::Make(draft) => draft,
        };
        let (user, _) = resolve_shown(&mut draft.reading(), &user.0, reader.id()).await?;
        let page = reader::page(&self.app, draft.reading(), &Feed::User(user), &paging, reader.id()).await?;
        Ok(Json::page(&page).keep(draft))
    }

    /// Stream the home feed
    ///
    /// What comes into the acting user's home feed from now on, as server-sent events: `data` is a feed item, and the
    /// event's id resumes the stream behind it when sent as `Last-Event-ID`. At most the newest 1,000 entries are
    /// caught up with.
    #[oai(path = "/v1/feeds/home/stream", method = "get", operation_id = "stream_home_feed")]
    async fn stream_home_feed(
        &self,
        viewer: Viewer,
        /// The id of the last event that was seen.
        #[oai(name = "Last-Event-ID")]
        last_event_id: Header<Option<String>>,
    ) -> Result<EventStream<BoxStream<'static, StreamEvent>>, Error> {
        let events = stream::events(Arc::clone(&self.app), viewer, last_event_id.0.as_deref()).await?;
        let to_event = |event: StreamEvent| {
            let data = String::from_utf8(to_json(&event.data)).unwrap_or_default();
            Event::message(data).id(event.id).event_type(EVENT_TYPE)
        };
        Ok(EventStream::new(events.boxed()).to_event(to_event).keep_alive(KEEP_ALIVE))
    }
}

/// How often an idle stream says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const EVENT_TYPE: &str = "feed_item";

impl FeedsApi {
    async fn page(
        &self,
        feed: &Feed,
        paging: Paging,
        viewer: Option<&str>,
    ) -> Result<Json<Page<FeedItem>>, Error> {
        let key = format!("{feed:?} {paging:?} {viewer:?}");
        let draft = match self.app.answer("feed", &key).await {
            Turn::Kept(answer) => return Ok(Json::kept(answer)),
            Turn::Make(draft) => draft,
        };
        let page = reader::page(&self.app, draft.reading(), feed, &paging, viewer).await?;
        Ok(Json::page(&page).keep(draft))
    }
}
