//! Which operation a request is for, read from the OpenAPI document: the labels of logs and metrics, and `Allow`.

use serde_json::Value;

/// One operation of the document.
struct Route {
    method: String,
    template: String,
}

pub struct Routes {
    routes: Vec<Route>,
}

impl Routes {
    pub fn of_document(document: &Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let routes = paths
            .flat_map(|(template, methods)| {
                methods.as_object().into_iter().flatten().map(move |(method, _)| Route {
                    method: method.to_uppercase(),
                    template: template.clone(),
                })
            })
            .collect();
        Self { routes }
    }

    /// Adds a page that the document does not describe.
    pub fn add_page(&mut self, path: &str) {
        self.routes.push(Route { method: "GET".to_owned(), template: path.to_owned() });
    }

    /// The template of a path, literal segments before parameters.
    pub fn template<'a>(&'a self, path: &'a str) -> Option<&'a str> {
        self.matching(path)
            .min_by_key(|route| route.template.matches('{').count())
            .map(|route| route.template.as_str())
    }

    /// The methods that a path knows, for `Allow`; empty for an unknown path.
    pub fn allowed<'a>(&'a self, path: &'a str) -> Vec<&'a str> {
        let Some(template) = self.template(path) else {
            return Vec::new();
        };
        let mut methods: Vec<_> = self
            .routes
            .iter()
            .filter(|route| route.template == template)
            .map(|route| route.method.as_str())
            .collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods
    }

    fn matching<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Route> {
        self.routes.iter().filter(move |route| {
            let mut segments = path.split('/');
            let mut parts = route.template.split('/');
            loop {
                match (parts.next(), segments.next()) {
                    (None, None) => return true,
                    (Some(part), Some(segment)) if part == segment => {}
                    (Some(part), Some(segment)) if part.starts_with('{') && !segment.is_empty() => {}
                    _ => return false,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_segment_comes_before_a_parameter() {
        let document = serde_json::json!({"paths": {
            "/v1/users/{user}": {"get": {}},
            "/v1/sessions/current": {"delete": {}},
            "/v1/sessions/{id}": {"get": {}},
        }});
        let routes = Routes::of_document(&document);
        assert_eq!(routes.template("/v1/users/@ann"), Some("/v1/users/{user}"));
        assert_eq!(routes.template("/v1/sessions/current"), Some("/v1/sessions/current"));
        assert_eq!(routes.allowed("/v1/users/x"), ["GET", "HEAD"]);
        assert_eq!(routes.template("/v1/users/x/y"), None);
        assert_eq!(routes.template("/v1/users/"), None);
    }
}
