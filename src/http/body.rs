//! JSON request bodies, refused with every field at fault named.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use poem::{Request, RequestBody, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess},
};
use serde_json::{Map, Value};

use crate::{
    app::app_of,
    error::{Error, FieldError},
};

/// A request body of that type. Its raw bytes are kept, for idempotency compares them.
pub struct Body<T> {
    pub value: T,
    pub raw: Vec<u8>,
}

impl<'a, T: Type + DeserializeOwned + Send> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    const PARAM_IS_REQUIRED: bool = true;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType { content_type: "application/json", schema: T::schema_ref() }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        if !is_json(request) {
            return Err(Error::UnsupportedMediaType.into());
        }
        let config = &app_of(request)?.config;
        let (limit, patience) = (config.limits.body_bytes, config.http.body_timeout);
        let raw = tokio::time::timeout(patience, read(request, body, limit))
            .await
            .map_err(|_| Error::BodyTimeout(patience))??;
        let value = parse(&raw)?;
        Ok(Self { value, raw })
    }
}

fn is_json(request: &Request) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads at most `limit` bytes, whether or not the client announced a length.
async fn read(request: &Request, body: &mut RequestBody, limit: usize) -> Result<Vec<u8>, Error> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Error::BodyTooLarge(limit));
    }
    let body = body.take().map_err(|error| Error::Internal(error.to_string().into()))?;
    let bytes = body.into_bytes_limit(limit).await.map_err(|error| match error {
        poem::error::ReadBodyError::PayloadTooLarge => Error::BodyTooLarge(limit),
        error => Error::MalformedJson(format!("the body could not be read: {error}")),
    })?;
    Ok(bytes.to_vec())
}

/// Parses against the schema first, so that all fields at fault are named, then into the type.
fn parse<T: Type + DeserializeOwned>(raw: &[u8]) -> Result<T, Error> {
    let Object(object) =
        serde_json::from_slice(raw).map_err(|error| Error::MalformedJson(error.to_string()))?;
    check(&object, fields_of::<T>())?;
    serde_json::from_value(Value::Object(object))
        .map_err(|error| Error::Validation(vec![FieldError::new("body", error.to_string())]))
}

/// A JSON object in which no key stands twice: two readers of such could take different values for the one meant.
struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Object;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Object, A::Error> {
                let mut object = Map::new();
                while let Some((key, value)) = entries.next_entry::<String, Value>()? {
                    if object.contains_key(&key) {
                        return Err(A::Error::custom(format_args!("the key {key:?} stands twice")));
                    }
                    object.insert(key, value);
                }
                Ok(Object(object))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// What the schema says of one field.
struct Field {
    name: &'static str,
    kind: &'static str,
    required: bool,
    /// The only values there are; none for what is no enumeration.
    choices: Vec<Value>,
}

fn check(object: &Map<String, Value>, fields: &[Field]) -> Result<(), Error> {
    let unknown: Vec<_> = object
        .keys()
        .filter(|name| !fields.iter().any(|field| field.name == *name))
        .map(|name| FieldError::new(name, "is not a field of this operation"))
        .collect();
    if !unknown.is_empty() {
        return Err(Error::UnknownFields(unknown));
    }
    let wrong: Vec<_> = fields
        .iter()
        .filter_map(|field| {
            let message = match (object.get(field.name), field.kind) {
                (None | Some(Value::Null), _) if field.required => "is required".to_owned(),
                (None | Some(Value::Null), _) => return None,
                (Some(value), _) if field.choices.contains(value) => return None,
                (Some(_), _) if !field.choices.is_empty() => {
                    let choices: Vec<_> = field.choices.iter().map(ToString::to_string).collect();
                    format!("must be one of {}", choices.join(", "))
                }
                (Some(Value::String(_)), "string")
                | (Some(Value::Number(_)), "integer" | "number")
                | (Some(Value::Bool(_)), "boolean")
                | (Some(Value::Array(_)), "array")
                | (Some(_), "") => return None,
                (Some(_), kind) => format!("must be of type {kind}"),
            };
            Some(FieldError::new(field.name, message))
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Error::Validation(wrong)) }
}

/// The schema that a property has, or that it refers to in order to add a description.
fn resolve<'a>(property: &'a MetaSchemaRef, registry: &'a Registry) -> &'a MetaSchema {
    match property {
        MetaSchemaRef::Reference(name) => &registry.schemas[name.as_str()],
        MetaSchemaRef::Inline(schema) => match schema.all_of.as_slice() {
            [MetaSchemaRef::Reference(name), ..] => &registry.schemas[name.as_str()],
            _ => schema,
        },
    }
}

/// The fields of a request type, read once from the schema that the document shows.
fn fields_of<T: Type>() -> &'static [Field] {
    static KNOWN: OnceLock<Mutex<HashMap<String, &'static [Field]>>> = OnceLock::new();
    let mut known =
        KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    known.entry(T::name().into_owned()).or_insert_with(|| {
        let mut registry = Registry::new();
        T::register(&mut registry);
        let Some(schema) = registry.schemas.get(T::name().as_ref()) else {
            return &[];
        };
        let required = &schema.required;
        let fields: Vec<Field> = schema
            .properties
            .iter()
            .map(|(name, property)| {
                let schema = resolve(property, &registry);
                Field {
                    name,
                    kind: schema.ty,
                    required: required.contains(name),
                    choices: schema.enum_items.clone(),
                }
            })
            .collect();
        Box::leak(fields.into_boxed_slice())
    })
}
