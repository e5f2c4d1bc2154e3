//! What handlers answer with: JSON written by serde in one pass, with the schema that poem-openapi documents.

use std::{marker::PhantomData, sync::Arc};

use bytes::Bytes;
use poem::{
    IntoResponse, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiResponse,
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};
use serde::Serialize;

use super::entity_tag;
use crate::cache::{Answer, Draft};

/// What all answers are, but streams and problems.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `200` with a JSON body.
pub struct Json<T> {
    /// The whole answer, if it was kept.
    answer: Option<Arc<Answer>>,
    body: Bytes,
    next_cursor: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize> Json<T> {
    pub fn new(value: &T) -> Self {
        Self::of(to_json(value).into())
    }

    fn of(body: Bytes) -> Self {
        Self { answer: None, body, next_cursor: None, headers: Vec::new(), of: PhantomData }
    }

    /// A part of a list, whose answer links to the next part.
    pub fn page(value: &T) -> Self
    where
        T: Continues,
    {
        Self { next_cursor: value.next_cursor().map(str::to_owned), ..Self::new(value) }
    }

    /// An answer that was kept.
    pub fn kept(answer: Arc<Answer>) -> Self {
        Self { answer: Some(answer), ..Self::of(Bytes::new()) }
    }

    /// Keeps it for whoever asks the same.
    #[must_use]
    pub fn keep(self, draft: Draft) -> Self {
        let tag = self.headers.iter().find(|(name, _)| *name == header::ETAG);
        let tag = tag.and_then(|(_, tag)| tag.to_str().ok().map(str::to_owned));
        let etag = tag.unwrap_or_else(|| entity_tag::of_body(&self.body));
        Self::kept(draft.keep(self.body, etag, self.next_cursor))
    }

    /// Sets a header. A value that no header can carry is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Nobody keeps it on the way.
    #[must_use]
    pub fn private(self) -> Self {
        self.with_header(header::CACHE_CONTROL, "no-store")
    }

    /// Sets an entity tag that carries the revision, which `If-Match` compares.
    #[must_use]
    pub fn with_revision(self, revision: i64) -> Self {
        let tag = entity_tag::of_revision(revision, &self.body);
        self.with_header(header::ETAG, &tag)
    }
}

/// A part of a list that may go on.
pub trait Continues {
    fn next_cursor(&self) -> Option<&str>;
}

/// Tells [`link_next`](super::middleware::link_next) where a list goes on.
#[derive(Clone)]
pub struct NextCursor(pub String);

/// JSON of one of our own types, whose serialisation cannot fail.
pub fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|error| unreachable!("own types serialise: {error}"))
}

impl<T: Send> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        if let Some(answer) = self.answer {
            return from_kept(answer);
        }
        let mut response = Response::builder().header(header::CONTENT_TYPE, JSON).body(self.body);
        response.headers_mut().extend(self.headers);
        if let Some(cursor) = self.next_cursor {
            response.set_data(NextCursor(cursor));
        }
        response
    }
}

/// An answer that was kept, which [`represent`](super::representation::represent) puts into the form that is asked for.
fn from_kept(answer: Arc<Answer>) -> Response {
    let mut response = Response::builder().header(header::CONTENT_TYPE, JSON).body(answer.body.clone());
    if let Some(cursor) = &answer.next_cursor {
        response.set_data(NextCursor(cursor.clone()));
    }
    response.set_data(answer);
    response
}

impl<T: Type> ApiResponse for Json<T> {
    fn meta() -> MetaResponses {
        MetaResponses { responses: vec![json_response::<T>(200, "The answer.", Vec::new())] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// `201` with the whole new resource and where it stands.
pub struct Created<T> {
    pub location: String,
    pub body: Vec<u8>,
    /// The request was a repetition, and this is the first one's answer.
    pub replayed: bool,
    pub of: PhantomData<fn() -> T>,
}

impl<T: Send> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = Response::builder()
            .status(StatusCode::CREATED)
            .header(header::CONTENT_TYPE, JSON)
            .header(header::LOCATION, self.location)
            .body(self.body);
        if self.replayed {
            response.headers_mut().insert("Idempotent-Replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

impl<T: Type> ApiResponse for Created<T> {
    fn meta() -> MetaResponses {
        let headers = vec![
            text_header("Location", "The path of the new resource."),
            text_header(
                "Idempotent-Replayed",
                "`true` when this is the answer to an earlier, equal request.",
            ),
        ];
        MetaResponses { responses: vec![json_response::<T>(201, "The new resource.", headers)] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// `204`: done, and nothing to say.
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl ApiResponse for NoContent {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "Done.",
                status: Some(204),
                status_range: None,
                content: Vec::new(),
                headers: Vec::new(),
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

fn json_response<T: Type>(status: u16, description: &'static str, headers: Vec<MetaHeader>) -> MetaResponse {
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType { content_type: "application/json", schema: T::schema_ref() }],
        headers,
    }
}

fn text_header(name: &str, description: &str) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required: false,
        deprecated: false,
        schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
    }
}
