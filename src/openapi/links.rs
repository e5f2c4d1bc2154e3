//! Links from what was created to what can be done with it: OpenAPI's way to say that the `id` of one answer is the
//! `id` of the next request. Readers find the way on by them, and testing tools walk them.

use serde_json::{Map, Value, json};

/// The paths that create, and the path of what they create.
const CREATED: [(&str, &str); 5] = [
    ("/v1/users", "/v1/users/{user}"),
    ("/v1/me/tokens", "/v1/me/tokens/{id}"),
    ("/v1/posts", "/v1/posts/{id}"),
    ("/v1/posts/{id}/comments", "/v1/comments/{id}"),
    ("/v1/reports", "/v1/me/reports/{id}"),
];

/// Links each answer of a creation to what reads, changes and deletes what was made, and to what reads and makes
/// things below it.
pub fn add(document: &mut Value) {
    for (creation, resource) in CREATED {
        let parameter = resource.rsplit('/').next().unwrap_or_default().trim_matches(['{', '}']);
        let links: Map<String, Value> = document["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(path, methods)| Some((path.strip_prefix(resource)?, methods)))
            .filter(|(rest, _)| rest.is_empty() || rest.starts_with('/'))
            .flat_map(|(rest, methods)| {
                let methods = methods.as_object().into_iter().flatten();
                methods
                    .filter(move |(method, _)| rest.is_empty() || ["get", "post"].contains(&method.as_str()))
            })
            .filter_map(|(_, operation)| operation["operationId"].as_str())
            .map(|id| {
                let link = json!({"operationId": id, "parameters": {parameter: "$response.body#/id"}});
                (id.to_owned(), link)
            })
            .collect();
        document["paths"][creation]["post"]["responses"]["201"]["links"] = links.into();
    }
}
