//! The reports: each is a file in `cypher/admin/`, whose first lines say what it tells and what it takes.

use serde_json::{Map, Value};

use crate::{
    app::App,
    clock::Timestamp,
    cypher::{Access, Statement},
    error::Error,
    store::asked::Table,
    users::resolve,
};

/// Binds the files of reports: name, parameters and columns.
macro_rules! reports {
    ($($name:ident($($parameter:ident),*) -> $($column:ident),+;)+) => {
        /// All reports, by name.
        pub const STATEMENTS: &[Statement] = &[$(
            Statement {
                file: concat!("admin/", stringify!($name), ".cypher"),
                embedded_file: None,
                text: text_of!($name),
                embedded_text: text_of!($name),
                access: Access::Read,
                parameters: &[$(stringify!($parameter)),*],
                columns: || &[$(stringify!($column)),+],
            }
        ),+];
    };
}

macro_rules! text_of {
    ($name:ident) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/cypher/admin/", stringify!($name), ".cypher"))
    };
}

reports! {
    circles(user, limit) -> user_id, handle, triangles;
    conversations(now, days, limit) -> post_id, author_id, created_at, comments, people, deepest;
    dormant(now, days, limit) -> user_id, handle, created_at, last_at;
    growth(now, days) -> day, users, posts, comments;
    integrity() -> fault, found, example;
    most_active(now, days, limit) -> user_id, handle, posts, comments;
    most_liked(now, days, limit) -> post_id, author_id, created_at, likes, reposts, comments;
    most_reported(now, days, limit) -> target, target_id, owner_id, reports, open_reports, reasons, last_at;
    raids(user, account_days, least, limit) -> hour_at, new_accounts, posts, comments, handles;
    reciprocity(limit) -> user_id, handle, following, followers, mutual;
    retention(now, weeks) -> week, weeks_later, people;
    spread(post, limit) -> reposted_key, user_id, handle, via_count, via;
    tags(now, days, limit) -> tag, posts, authors;
}

/// A report as its file describes it.
#[derive(Clone, Debug)]
pub struct Report {
    pub name: &'static str,
    pub title: String,
    pub description: String,
    pub parameters: Vec<Parameter>,
    statement: Statement,
}

/// What a report is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    pub kind: Kind,
    pub description: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An id, or `@` and a handle.
    User,
    /// An id.
    Post,
    Number {
        least: i64,
        most: i64,
        default: i64,
    },
}

/// All reports.
pub fn all() -> Vec<Report> {
    STATEMENTS.iter().filter_map(report).collect()
}

/// The report of that name.
pub fn find(name: &str) -> Result<Report, Error> {
    all().into_iter().find(|report| report.name == name).ok_or(Error::ReportNotFound)
}

/// Reads the first lines of a file. None if they are not as they must be, which a test would notice.
fn report(statement: &Statement) -> Option<Report> {
    let name = statement.file.strip_prefix("admin/")?.strip_suffix(".cypher")?;
    let lines = statement.text.lines().map_while(|line| line.strip_prefix("// "));
    let (parameters, texts): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with('$'));
    let text = texts.join(" ");
    let (title, description) = text.split_once(". ")?;
    let parameters = parameters.into_iter().map(parameter).collect::<Option<_>>()?;
    Some(Report {
        name,
        title: title.to_owned(),
        description: description.to_owned(),
        parameters,
        statement: *statement,
    })
}

fn parameter(line: &'static str) -> Option<Parameter> {
    let (name, rest) = line.strip_prefix('$')?.split_once(": ")?;
    let (kind, description) = rest.split_once(". ")?;
    let kind = match kind {
        "a user" => Kind::User,
        "a post" => Kind::Post,
        kind => {
            let (bounds, default) = kind.strip_prefix("a whole number from ")?.split_once(", or else ")?;
            let (least, most) = bounds.split_once(" to ")?;
            Kind::Number {
                least: least.parse().ok()?,
                most: most.parse().ok()?,
                default: default.parse().ok()?,
            }
        }
    };
    Some(Parameter { name, kind, description })
}

impl Kind {
    /// What a caller reads of it.
    pub fn words(self) -> String {
        match self {
            Self::User => "user".to_owned(),
            Self::Post => "post".to_owned(),
            Self::Number { .. } => "integer".to_owned(),
        }
    }
}

impl Report {
    /// Runs it with what it is told. What it does not know is refused, for it would be taken for said.
    pub async fn run(&self, app: &App, told: &[(String, String)]) -> Result<Table, Error> {
        let unknown = told.iter().find(|(name, _)| !self.parameters.iter().any(|known| known.name == name));
        if let Some((name, _)) = unknown {
            return Err(invalid(name, "is no parameter of this report"));
        }
        let mut parameters = Map::new();
        for parameter in &self.parameters {
            let mut values = told.iter().filter(|(name, _)| name == parameter.name).map(|(_, value)| value);
            let value = values.next();
            if values.next().is_some() {
                return Err(invalid(parameter.name, "stands twice"));
            }
            parameters.insert(parameter.name.to_owned(), parameter.read(app, value).await?);
        }
        if self.statement.parameters.contains(&"now") {
            parameters.insert("now".to_owned(), app.clock.now().0.into());
        }
        let rows = app.store.read(&self.statement, parameters).await?;
        let columns = (self.statement.columns)();
        let rows = rows.into_iter().map(|mut row| {
            columns.iter().map(|column| shown(column, row.remove(*column).unwrap_or_default())).collect()
        });
        Ok(Table {
            rows: rows.collect(),
            columns: columns.iter().map(|column| name_of(column)).collect(),
            truncated: false,
        })
    }
}

impl Parameter {
    async fn read(&self, app: &App, value: Option<&String>) -> Result<Value, Error> {
        match (self.kind, value) {
            (Kind::Number { default, .. }, None) => Ok(default.into()),
            (Kind::Number { least, most, .. }, Some(value)) => {
                let number = value.parse::<i64>().ok().filter(|number| (least..=most).contains(number));
                let number = number.ok_or_else(|| {
                    invalid(self.name, &format!("must be a whole number from {least} to {most}"))
                })?;
                Ok(number.into())
            }
            (_, None) => Err(invalid(self.name, "must be given")),
            (Kind::User, Some(value)) => Ok(resolve(&mut &app.store, value).await?.into()),
            (Kind::Post, Some(value)) => Ok(value.clone().into()),
        }
    }
}

fn invalid(name: &str, message: &str) -> Error {
    Error::InvalidParameter { name: name.to_owned(), message: format!("{name} {message}") }
}

/// Moments, as the names of their columns tell them, are shown as everywhere else in the API.
fn shown(column: &str, value: Value) -> Value {
    match value.as_i64() {
        Some(key) if column.ends_with("_key") => Timestamp::of_rank_key(key).rfc3339().into(),
        Some(at) if column.ends_with("_at") || column == "day" || column == "week" => {
            Timestamp(at).rfc3339().into()
        }
        _ => value,
    }
}

fn name_of(column: &str) -> String {
    column.strip_suffix("_key").map_or_else(|| column.to_owned(), |name| format!("{name}_at"))
}
