//! `/v1/admin`: queries, reports, and the log of both.

use std::sync::Arc;

use poem::{
    IntoResponse, Request, Response,
    http::{HeaderValue, header},
};
use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    registry::{MetaMediaType, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
    types::{Any, Type},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::{
    Rows, audit,
    audit::AuditEntry,
    cypher,
    reports::{self, Kind, Report},
    table::to_csv,
};
use crate::{
    app::App,
    auth::Admin,
    error::{Error, FieldError},
    http::{answer::Json, body::Body},
    page::{Limit, Page, Paging},
    section::Section,
    store::asked::Table,
};

pub struct AdminApi {
    pub app: Arc<App>,
    /// How many queries may still begin.
    pub turns: Semaphore,
}

/// A question in Cypher.
#[derive(Debug, Object, Deserialize)]
pub struct CypherQuery {
    /// The query, at most 10000 bytes.
    #[oai(validator(min_length = 1, max_length = 10000))]
    pub query: String,
    /// What its `$parameters` stand for: an object with any JSON in it.
    pub parameters: Option<Any<Value>>,
}

/// A report that can be asked for.
#[derive(Debug, Serialize, Object)]
pub struct ReportSummary {
    /// Its name in the path.
    #[oai(validator(pattern = "^[a-z_]+$"))]
    pub name: String,
    /// What it is called.
    #[oai(validator(min_length = 1))]
    pub title: String,
    /// What it tells.
    #[oai(validator(min_length = 1))]
    pub description: String,
    /// What it takes, in the query of its address.
    pub parameters: Vec<ReportParameter>,
}

/// What a report takes.
#[derive(Debug, Serialize, Object)]
pub struct ReportParameter {
    /// Its name in the query.
    #[oai(validator(pattern = "^[a-z_]+$"))]
    pub name: String,
    /// What it is: a whole number; a user, by id or by `@` and handle; the id of a post.
    #[serde(rename = "type")]
    #[oai(rename = "type", validator(pattern = "^(integer|user|post)$"))]
    pub kind: String,
    /// What it says.
    #[oai(validator(min_length = 1))]
    pub description: String,
    /// The least number that it may be; null for what is no number.
    #[oai(validator(minimum(value = "0")))]
    pub minimum: Option<i64>,
    /// The largest number that it may be; null for what is no number.
    #[oai(validator(minimum(value = "0")))]
    pub maximum: Option<i64>,
    /// What it is where it is not given; null where it must be.
    #[oai(validator(minimum(value = "0")))]
    pub default: Option<i64>,
}

/// In which form a report is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum Format {
    /// JSON.
    #[default]
    Json,
    /// Comma-separated values, with the names of the columns in the first line.
    Csv,
}

#[OpenApi(tag = "Section::Admin")]
impl AdminApi {
    /// Ask in Cypher
    ///
    /// Runs a query that only reads, on Neo4j, for at most 5 seconds, and answers at most 1000 rows and 1 MiB of them; four
    /// run at a time, and more are answered `503`. Each path of a pattern needs a node with a label, and each relationship
    /// its types; secrets cannot be reached. A query that is not known to be harmless is refused with
    /// `422 query_not_allowed`, which says why. On the embedded graph the answer is `501 not_implemented`.
    #[oai(path = "/v1/admin/cypher", method = "post", operation_id = "run_cypher")]
    async fn run_cypher(&self, admin: Admin, body: Body<CypherQuery>) -> Result<Json<Rows>, Error> {
        let CypherQuery { query, parameters } = body.value;
        let parameters = match parameters.map(|parameters| parameters.0) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(parameters)) => parameters,
            Some(_) => {
                return Err(Error::Validation(vec![FieldError::new("parameters", "must be of type object")]));
            }
        };
        let detail = json!({"query": query, "parameters": parameters}).to_string();
        audit::record(&self.app, &admin, "run_cypher", detail).await?;
        let _turn = self.turns.try_acquire().map_err(|_| Error::Overloaded)?;
        let table = Box::pin(cypher::answer(&self.app, &query, &parameters)).await?;
        Ok(Json::new(&Rows::from(table)).private())
    }

    /// List reports
    ///
    /// The reports that there are, and what each takes.
    #[oai(path = "/v1/admin/reports", method = "get", operation_id = "list_reports")]
    async fn list_reports(&self, admin: Admin) -> Result<Json<Vec<ReportSummary>>, Error> {
        audit::record(&self.app, &admin, "list_reports", String::new()).await?;
        Ok(Json::new(&reports::all().iter().map(summary).collect()).private())
    }

    /// Read a report
    ///
    /// Runs a report with the parameters that stand in the query of the address beside `format`; `GET /v1/admin/reports`
    /// tells which it takes. Times are RFC 3339 UTC. In CSV a text that a spreadsheet would take for a formula has an
    /// apostrophe before it.
    #[oai(path = "/v1/admin/reports/:name", method = "get", operation_id = "get_report")]
    async fn get_report(
        &self,
        admin: Admin,
        /// The name of the report.
        name: Path<String>,
        /// JSON or CSV.
        format: Query<Option<Format>>,
        request: &Request,
    ) -> Result<ReportAnswer, Error> {
        let told = told(request)?;
        let detail = json!({"name": name.0, "parameters": told}).to_string();
        audit::record(&self.app, &admin, "get_report", detail).await?;
        let table = Box::pin(reports::find(&name.0)?.run(&self.app, &told)).await?;
        Ok(ReportAnswer { table, format: format.0.unwrap_or_default() })
    }

    /// Read the audit log
    ///
    /// What admins asked and moderators decided, newest first. Each request of an admin is written down before it is
    /// answered, each decision with what it changes, and nothing changes or deletes what is written.
    #[oai(path = "/v1/admin/audit", method = "get", operation_id = "list_audit_entries")]
    async fn list_audit_entries(
        &self,
        admin: Admin,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<AuditEntry>>, Error> {
        audit::record(&self.app, &admin, "list_audit_entries", String::new()).await?;
        let page = audit::page(&self.app, &Paging::new(limit.0, cursor.0)).await?;
        Ok(Json::page(&page).private())
    }
}

/// What stands in the query beside the format.
fn told(request: &Request) -> Result<Vec<(String, String)>, Error> {
    let told = request.params::<Vec<(String, String)>>();
    let message = "the query of the address cannot be read".to_owned();
    let told = told.map_err(|_| Error::InvalidParameter { name: "query".to_owned(), message })?;
    Ok(told.into_iter().filter(|(name, _)| name != "format").collect())
}

fn summary(report: &Report) -> ReportSummary {
    let parameters = report.parameters.iter().map(|parameter| {
        let (minimum, maximum, default) = match parameter.kind {
            Kind::Number { least, most, default } => (Some(least), Some(most), Some(default)),
            Kind::User | Kind::Post => (None, None, None),
        };
        ReportParameter {
            name: parameter.name.to_owned(),
            kind: parameter.kind.words(),
            description: parameter.description.to_owned(),
            minimum,
            maximum,
            default,
        }
    });
    ReportSummary {
        name: report.name.to_owned(),
        title: report.title.clone(),
        description: report.description.clone(),
        parameters: parameters.collect(),
    }
}

/// A report in the form that was asked for.
pub struct ReportAnswer {
    table: Table,
    format: Format,
}

impl IntoResponse for ReportAnswer {
    fn into_response(self) -> Response {
        if self.format == Format::Json {
            return Json::new(&Rows::from(self.table)).private().into_response();
        }
        match to_csv(&self.table) {
            Ok(text) => {
                let mut response = Response::builder().content_type("text/csv; charset=utf-8").body(text);
                let headers = response.headers_mut();
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
                response
            }
            Err(error) => Error::Internal(error.to_string().into()).into_response(),
        }
    }
}

impl ApiResponse for ReportAnswer {
    fn meta() -> MetaResponses {
        let mut meta = Json::<Rows>::meta();
        let schema = MetaSchema { min_length: Some(0), ..MetaSchema::new("string") };
        let csv = MetaMediaType { content_type: "text/csv", schema: MetaSchemaRef::Inline(Box::new(schema)) };
        meta.responses.iter_mut().for_each(|response| response.content.push(csv_of(&csv)));
        meta
    }

    fn register(registry: &mut Registry) {
        Rows::register(registry);
    }
}

fn csv_of(csv: &MetaMediaType) -> MetaMediaType {
    MetaMediaType { content_type: csv.content_type, schema: csv.schema.clone() }
}
