//! The plan in the summary of an answer. neo4rs 0.9.0-rc.11 reads it and shows it to nobody, but for the text that
//! `Debug` makes of the summary; so that text is read. What is not understood is an error, and then nothing is run.

use neo4rs::summary::ResultSummary;
use serde_json::{Map, Value};

use crate::store::asked::Step;

/// A plan is not nested deeper than this in the text, nor do we read one that is.
const DEEPEST: usize = 600;

/// The plan of an answer to EXPLAIN.
pub fn plan(summary: &ResultSummary) -> Result<Step, String> {
    let text = format!("{summary:?}");
    let mut reader = Reader { rest: &text, depth: 0 };
    let told = reader.value()?;
    if !reader.rest.is_empty() {
        return Err("there is more text than a summary".to_owned());
    }
    step(&told["plan"])
}

fn step(told: &Value) -> Result<Step, String> {
    let operator = told["operatorType"].as_str().ok_or("a step has no operator")?;
    let arguments = told["args"].as_object().ok_or("a step has no arguments")?;
    let sources = match &told["children"] {
        Value::Null => Vec::new(),
        Value::Array(sources) => sources.iter().map(step).collect::<Result<_, _>>()?,
        _ => return Err("the sources of a step are no list".to_owned()),
    };
    Ok(Step {
        operator: operator.split('@').next().unwrap_or_default().to_owned(),
        details: match arguments.get("Details") {
            None => String::new(),
            Some(details) => details.as_str().ok_or("the details of a step are no text")?.to_owned(),
        },
        // What has no estimate, as a change of the schema, is not to be taken for small.
        estimated_rows: arguments.get("EstimatedRows").and_then(Value::as_f64).unwrap_or(f64::INFINITY),
        sources,
    })
}

/// Reads what `{:?}` makes of structs, maps, lists, texts and numbers. An enumeration is its content.
struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        let value = match self.rest.chars().next() {
            Some('"') => Value::String(self.text()?),
            Some('{') => self.entries(Self::text)?,
            Some('[') => self.list('[', ']')?,
            Some(letter) if letter.is_ascii_digit() || letter == '-' => self.number()?,
            Some(letter) if letter.is_ascii_alphabetic() => self.named()?,
            _ => return Err("it has something unknown in it".to_owned()),
        };
        self.depth -= 1;
        Ok(value)
    }

    fn named(&mut self) -> Result<Value, String> {
        let name = self.word();
        if self.rest.starts_with('(') {
            return match self.list('(', ')')? {
                Value::Array(mut values) if values.len() == 1 => Ok(values.remove(0)),
                values => Ok(values),
            };
        }
        if self.takes(" ") && self.rest.starts_with('{') {
            return self.entries(|reader| Ok(reader.word().to_owned()));
        }
        Ok(if name == "None" { Value::Null } else { Value::String(name.to_owned()) })
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        self.cut(end.unwrap_or(self.rest.len()))
    }

    fn number(&mut self) -> Result<Value, String> {
        let end = self.rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !"+-.".contains(letter));
        let text = self.cut(end.unwrap_or(self.rest.len()));
        let number = text.parse::<f64>().map_err(|_| "a number cannot be read")?;
        Ok(number.into())
    }

    fn entries(&mut self, key: impl Fn(&mut Self) -> Result<String, String>) -> Result<Value, String> {
        let mut entries = Map::new();
        self.takes("{");
        self.takes(" ");
        while !self.takes("}") {
            let key = key(self)?;
            if !self.takes(": ") {
                return Err("an entry has no value".to_owned());
            }
            entries.insert(key, self.value()?);
            let _ = self.takes(", ") || self.takes(" ");
        }
        Ok(Value::Object(entries))
    }

    fn list(&mut self, open: char, close: char) -> Result<Value, String> {
        let mut values = Vec::new();
        self.takes(&open.to_string());
        while !self.takes(&close.to_string()) {
            values.push(self.value()?);
            self.takes(", ");
        }
        Ok(Value::Array(values))
    }

    fn text(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut letters = self.rest.char_indices();
        if letters.next().map(|(_, letter)| letter) != Some('"') {
            return Err("a text does not begin".to_owned());
        }
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                '\\' => match letters.next().map(|(_, letter)| letter) {
                    Some('n') => text.push('\n'),
                    Some('r') => text.push('\r'),
                    Some('t') => text.push('\t'),
                    Some('0') => text.push('\0'),
                    Some(quoted @ ('"' | '\'' | '\\')) => text.push(quoted),
                    Some('u') => {
                        let number: String = letters
                            .by_ref()
                            .map(|(_, letter)| letter)
                            .skip_while(|letter| *letter == '{')
                            .take_while(|letter| *letter != '}')
                            .collect();
                        let number = u32::from_str_radix(&number, 16).ok().and_then(char::from_u32);
                        text.push(number.ok_or("a letter cannot be read")?);
                    }
                    _ => return Err("a letter cannot be read".to_owned()),
                },
                letter => text.push(letter),
            }
        }
        Err("a text does not end".to_owned())
    }

    fn takes(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn cut(&mut self, at: usize) -> &'a str {
        let (cut, rest) = self.rest.split_at(at);
        self.rest = rest;
        cut
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        let mut reader = Reader { rest: text, depth: 0 };
        let value = reader.value()?;
        if reader.rest.is_empty() { Ok(value) } else { Err(reader.rest.to_owned()) }
    }

    #[test]
    fn what_debug_writes_is_read() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "they are read by Debug")]
        struct Told {
            none: Option<u8>,
            some: Option<Vec<&'static str>>,
            number: f64,
            map: std::collections::BTreeMap<&'static str, Option<i64>>,
            kind: std::cmp::Ordering,
        }
        let told = Told {
            none: None,
            some: Some(vec!["a\"}, plan: None", "\\\n\u{0}\u{202e}ü"]),
            number: 1e22,
            map: [("k", Some(-7)), ("l", None)].into(),
            kind: std::cmp::Ordering::Less,
        };
        let wanted = json!({
            "none": null, "some": ["a\"}, plan: None", "\\\n\u{0}\u{202e}ü"], "number": 1e22,
            "map": {"k": -7.0, "l": null}, "kind": "Less",
        });
        assert_eq!(read(&format!("{told:?}")), Ok(wanted));
        assert_eq!(read("{}"), Ok(json!({})));
        assert_eq!(read("[]"), Ok(json!([])));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for text in ["", "\"a", "{\"a\"}", "{\"a\": }", "[1", "b\"bytes\"", "'a'", "[1,2"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&"[".repeat(3000)).is_err());
    }

    #[test]
    fn a_step_has_an_operator_and_an_estimate_or_is_large() {
        let told = json!({"operatorType": "Limit@neo4j", "args": {"EstimatedRows": 1.5}});
        let wanted = Step {
            operator: "Limit".into(),
            details: String::new(),
            estimated_rows: 1.5,
            sources: Vec::new(),
        };
        assert_eq!(step(&told), Ok(wanted));
        assert!(step(&Value::Null).is_err());
        let unknown = step(&json!({"operatorType": "Limit", "args": {}})).map(|step| step.estimated_rows);
        assert_eq!(unknown, Ok(f64::INFINITY));
    }
}
