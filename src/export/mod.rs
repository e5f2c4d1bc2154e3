//! What is kept of somebody, for them to take along: a ZIP archive that is written while it is sent, so that it takes no
//! more memory than a page of its longest list, however much there is.

pub mod api;
pub mod queries;

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use poem::{
    Body, IntoResponse, Response,
    http::{HeaderValue, header},
};
use poem_openapi::{
    ApiResponse,
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
};
use serde_json::{Map, Value};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};
use tokio_stream::wrappers::ReceiverStream;
use zip::{ZipWriter, write::SimpleFileOptions, write::StreamWriter};

use self::queries::{
    ExportBlocks, ExportBookmarks, ExportComments, ExportFollowers, ExportFollowing, ExportIdentities,
    ExportLikedComments, ExportLikedPosts, ExportMutedWords, ExportMutes, ExportPosts, ExportReports,
    ExportReposts, ExportRequests, ExportRow, ExportSentRequests, ExportSessions, ExportSuspensions,
    ExportTokens,
};
use crate::{app::App, clock::Timestamp, cypher::Query, error::Error, http::answer::to_json, users::User};

/// How many archives are made at a time: each takes a thread for as long as its client takes to receive it.
const AT_ONCE: usize = 4;
/// When to come back if that many are.
const LATER: Duration = Duration::from_secs(30);
/// How many items are read at a time.
const PAGE: usize = 500;
/// How many bytes are sent at a time, and how many times that wait for a slow client.
const CHUNK: usize = 64 * 1024;
const CHUNKS: usize = 4;

/// The archives that are being made.
pub struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// A ZIP archive in the making.
pub struct Archive {
    name: String,
    chunks: mpsc::Receiver<io::Result<Bytes>>,
}

impl Exports {
    /// Begins to write one. It goes on as the client receives it, and ends when the client goes.
    fn begin(&self, app: Arc<App>, user: User) -> Result<Archive, Error> {
        let room = Arc::clone(&self.0).try_acquire_owned().map_err(|_| Error::RateLimited(LATER))?;
        let (sender, chunks) = mpsc::channel(CHUNKS);
        let name = format!("kith-{}.zip", user.handle);
        let runtime = Handle::current();
        tokio::task::spawn_blocking(move || {
            let failed = sender.clone();
            let export = Export { app, runtime, user, _room: room };
            if let Err(error) = export.write(Outbox { sender, chunk: Vec::with_capacity(CHUNK) }) {
                tracing::warn!(%error, user = export.user.id, "an export was not finished");
                let _ = failed.blocking_send(Err(error));
            }
        });
        Ok(Archive { name, chunks })
    }
}

struct Export {
    app: Arc<App>,
    runtime: Handle,
    user: User,
    _room: OwnedSemaphorePermit,
}

type Zip = ZipWriter<StreamWriter<Outbox>>;

impl Export {
    fn write(&self, outbox: Outbox) -> io::Result<()> {
        let mut zip = ZipWriter::new_stream(outbox);
        begin(&mut zip, "profile")?;
        zip.write_all(&to_json(&self.user))?;
        macro_rules! lists {
            ($($name:literal: $query:ident,)+) => {
                $(self.list(&mut zip, $name, |user, before_key, before_id| {
                    $query { user, before_key, before_id, limit: PAGE }
                })?;)+
            };
        }
        lists! {
            "posts": ExportPosts,
            "reposts": ExportReposts,
            "comments": ExportComments,
            "liked_posts": ExportLikedPosts,
            "liked_comments": ExportLikedComments,
            "bookmarks": ExportBookmarks,
            "following": ExportFollowing,
            "followers": ExportFollowers,
            "sent_follow_requests": ExportSentRequests,
            "follow_requests": ExportRequests,
            "blocks": ExportBlocks,
            "mutes": ExportMutes,
            "muted_words": ExportMutedWords,
            "reports": ExportReports,
            "suspensions": ExportSuspensions,
            "tokens": ExportTokens,
            "identities": ExportIdentities,
            "sessions": ExportSessions,
        }
        zip.finish()?.into_inner().flush()
    }

    /// Writes a list, a page at a time.
    fn list<Q: Query<Row = ExportRow>>(
        &self,
        zip: &mut Zip,
        name: &str,
        query: impl Fn(String, i64, String) -> Q,
    ) -> io::Result<()> {
        begin(zip, name)?;
        let (mut before, mut separator) = ((i64::MAX, String::new()), "[");
        loop {
            let query = query(self.user.id.clone(), before.0, before.1);
            let rows = self.runtime.block_on(self.app.store.run(&query)).map_err(io::Error::other)?;
            let is_last = rows.len() < PAGE;
            before = rows.last().map(|row| (row.key, row.id.clone())).unwrap_or_default();
            for row in rows {
                zip.write_all(separator.as_bytes())?;
                zip.write_all(&to_json(&told(row)))?;
                separator = ",\n";
            }
            if is_last {
                break;
            }
        }
        zip.write_all(if separator == "[" { b"[]" } else { b"]" })
    }
}

fn begin(zip: &mut Zip, name: &str) -> io::Result<()> {
    Ok(zip.start_file(format!("{name}.json"), SimpleFileOptions::default())?)
}

/// An item with its moments as the API tells them.
fn told(row: ExportRow) -> Map<String, Value> {
    let moment = |micros: i64| serde_json::to_value(Timestamp(micros)).unwrap_or_default();
    let mut item = row.item;
    for (name, value) in &mut item {
        if let Some(micros) = value.as_i64().filter(|_| name.ends_with("_at") || name == "until") {
            *value = moment(micros);
        }
    }
    if row.key > 0 && !item.contains_key("created_at") {
        item.insert("at".to_owned(), moment(Timestamp::of_rank_key(row.key).0));
    }
    item
}

/// Sends what is written in chunks, and waits while the client has not taken the ones before.
struct Outbox {
    sender: mpsc::Sender<io::Result<Bytes>>,
    chunk: Vec<u8>,
}

impl Write for Outbox {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        self.sender.blocking_send(Ok(chunk.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl IntoResponse for Archive {
    fn into_response(self) -> Response {
        let body = Body::from_bytes_stream(ReceiverStream::new(self.chunks));
        let mut response = Response::builder().content_type("application/zip").body(body);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", self.name)) {
            headers.insert(header::CONTENT_DISPOSITION, name);
        }
        response
    }
}

impl ApiResponse for Archive {
    fn meta() -> MetaResponses {
        let schema = MetaSchema { format: Some("binary"), ..MetaSchema::new("string") };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The archive.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: "application/zip",
                    schema: MetaSchemaRef::Inline(Box::new(schema)),
                }],
                headers: Vec::new(),
            }],
        }
    }

    fn register(_: &mut Registry) {}
}
