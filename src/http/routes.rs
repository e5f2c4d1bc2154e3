//! Which operation a request is for, read from the OpenAPI document: the labels of logs and metrics, and `Allow`.

use serde_json::Value;

/// One operation of the document.
struct Route {
    method: String,
    template: String,
    parts: Vec<String>,
}

impl Route {
    fn new(method: String, template: &str) -> Self {
        Self {
            method,
            template: template.to_owned(),
            parts: template.split('/').map(str::to_owned).collect(),
        }
    }
}

pub struct Routes {
    routes: Vec<Route>,
}

impl Routes {
    pub fn of_document(document: &Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let routes = paths
            .flat_map(|(template, methods)| {
                let methods = methods.as_object().into_iter().flatten();
                methods.map(move |(method, _)| Route::new(method.to_uppercase(), template))
            })
            .collect();
        Self { routes }
    }

    /// Adds a page that the document does not describe.
    pub fn add_page(&mut self, path: &str) {
        self.routes.push(Route::new("GET".to_owned(), path));
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
        let segments: Vec<&str> = path.split('/').collect();
        self.routes.iter().filter(move |route| {
            let fits = |(part, segment): (&String, &&str)| {
                part == segment || (part.starts_with('{') && !segment.is_empty())
            };
            route.parts.len() == segments.len() && route.parts.iter().zip(&segments).all(fits)
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
