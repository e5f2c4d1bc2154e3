//! Reads the files of a benchmark: `|` between fields, no quoting.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use chrono::DateTime;
use csv::{ReaderBuilder, StringRecord};

use super::ImportError;
use crate::clock::Timestamp;

/// A folder of files, all of which are there.
pub struct Files {
    folder: PathBuf,
}

/// A line of a file.
pub struct Row {
    file: String,
    line: u64,
    fields: StringRecord,
}

impl Files {
    /// Checks that the folder has all of those files before one of them is read.
    pub fn open(folder: &Path, names: &[&str]) -> Result<Self, ImportError> {
        let lacks = |name: &&&str| !folder.join(name).is_file();
        let missing: Vec<String> = names.iter().filter(lacks).map(|name| (*name).to_owned()).collect();
        if missing.is_empty() {
            Ok(Self { folder: folder.to_owned() })
        } else {
            Err(ImportError::Missing { folder: folder.to_owned(), files: missing })
        }
    }

    /// The rows of a file whose first line must name those columns.
    pub fn table(&self, name: &str, columns: &str) -> Result<Vec<Row>, ImportError> {
        let mut rows = self.read(name, false)?;
        let header = rows.first().map(|row| row.fields.iter().collect::<Vec<_>>().join("|"));
        if header.as_deref() != Some(columns) {
            return Err(ImportError::Malformed {
                file: name.to_owned(),
                line: 1,
                message: format!("the columns must be {columns}"),
            });
        }
        rows.remove(0);
        Ok(rows)
    }

    /// The rows of a file that has no header, and rows of several kinds.
    pub fn stream(&self, name: &str) -> Result<Vec<Row>, ImportError> {
        self.read(name, true)
    }

    /// How many rows a file has below its header, of which none is read.
    pub fn count(&self, name: &str) -> Result<usize, ImportError> {
        Ok(self.read(name, true)?.len().saturating_sub(1))
    }

    fn read(&self, name: &str, flexible: bool) -> Result<Vec<Row>, ImportError> {
        let failed = |error: csv::Error| match error.position() {
            Some(position) => ImportError::Malformed {
                file: name.to_owned(),
                line: position.line(),
                message: match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("{len} fields where the first line has {expected_len}")
                    }
                    csv::ErrorKind::Utf8 { .. } => "this is not UTF-8".to_owned(),
                    _ => error.to_string(),
                },
            },
            None => ImportError::Unreadable { file: name.to_owned(), message: error.to_string() },
        };
        let mut reader = ReaderBuilder::new()
            .delimiter(b'|')
            .quoting(false)
            .has_headers(false)
            .flexible(flexible)
            .from_path(self.folder.join(name))
            .map_err(failed)?;
        reader
            .records()
            .map(|record| {
                let fields = record.map_err(failed)?;
                let line = fields.position().map_or(0, csv::Position::line);
                Ok(Row { file: name.to_owned(), line, fields })
            })
            .collect()
    }
}

impl Row {
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn text(&self, field: usize) -> &str {
        self.fields.get(field).unwrap_or_default()
    }

    pub fn number(&self, field: usize) -> Result<u64, ImportError> {
        self.text(field).parse().map_err(|_| self.wrong(field, "is no id"))
    }

    /// Numbers with `;` between them.
    pub fn numbers(&self, field: usize) -> Result<Vec<u64>, ImportError> {
        let numbers = self.text(field).split(';').filter(|number| !number.is_empty());
        numbers.map(|number| number.parse().map_err(|_| self.wrong(field, "is no list of ids"))).collect()
    }

    /// Milliseconds since the epoch, or ISO 8601: the benchmark's generator writes either.
    pub fn moment(&self, field: usize) -> Result<Timestamp, ImportError> {
        let text = self.text(field);
        let millis = text.parse::<i64>().ok().and_then(|millis| millis.checked_mul(1000));
        millis
            .or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.timestamp_micros()))
            .or_else(|| {
                let moment = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok()?;
                Some(moment.timestamp_micros())
            })
            // A rank key has room for the years up to 2255.
            .filter(|micros| (0..i64::MAX >> crate::clock::SEQUENCE_BITS).contains(micros))
            .map(Timestamp)
            .ok_or_else(|| self.wrong(field, "is no moment"))
    }

    pub fn malformed(&self, message: impl Into<String>) -> ImportError {
        ImportError::Malformed { file: self.file.clone(), line: self.line, message: message.into() }
    }

    fn wrong(&self, field: usize, what: &str) -> ImportError {
        self.malformed(format!("field {} {what}: '{}'", field + 1, self.text(field)))
    }
}

/// A file of pairs, of which the first belongs to one second: what a post's author is, for example.
pub fn pairs(rows: &[Row]) -> Result<HashMap<u64, u64>, ImportError> {
    rows.iter().map(|row| Ok((row.number(0)?, row.number(1)?))).collect()
}
