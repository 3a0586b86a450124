//! What the description says of every operation: which role it asks for, and the answers that come before its own.

use utoipa::Modify;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};

use crate::publish::access::{COOKIE, Need, needed};

/// Adds them.
pub struct Guard;

impl Modify for Guard {
    fn modify(&self, openapi: &mut OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "A token of `silsila token add`. Asked for everywhere but on loopback; roles: read, ingest, edit, admin",
            ))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(COOKIE, "The session of a browser that signed in at /login");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        for (path, item) in &mut openapi.paths.paths {
            let operations = [
                ("GET", &mut item.get),
                ("POST", &mut item.post),
                ("PATCH", &mut item.patch),
                ("DELETE", &mut item.delete),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    describe(operation, method, path);
                }
            }
        }
    }
}

fn describe(operation: &mut Operation, method: &str, path: &str) {
    let mut common = vec![
        ("400", "A parameter is unknown, given twice, or cannot be read"),
        ("429", "Too many requests: come back after Retry-After"),
        ("500", "The store failed, or the service did; the log says more"),
        ("503", "The service stops, or its store cannot be used"),
    ];
    if let Need::Role(role) = needed(method, path) {
        let note = format!("Role: `{}`.", role.name());
        operation.description = Some(match operation.description.take() {
            Some(own) if !own.is_empty() => format!("{own}\n\n{note}"),
            _ => note,
        });
        let empty: [&str; 0] = [];
        operation.security = Some(vec![
            SecurityRequirement::new("token", empty),
            SecurityRequirement::new("session", empty),
            SecurityRequirement::default(),
        ]);
        common.push(("401", "No token, or one that is none, where tokens are asked for"));
        common.push(("403", "The token's role does not suffice, or another site's page asked"));
    }
    if path.contains('{') {
        common.push(("404", "There is no such thing here"));
    }
    for (status, said) in common {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| {
                let content = Content::new(Some(Ref::from_schema_name("Problem")));
                let response = ResponseBuilder::new()
                    .description(said)
                    .content("application/problem+json", content)
                    .build();
                RefOr::T(response)
            });
    }
    // Problems are of one media type, wherever they are described.
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let is_problem = |content: &RefOr<Content>| match content {
            RefOr::T(Content {
                schema: Some(RefOr::Ref(reference)),
                ..
            }) => reference.ref_location.ends_with("/Problem"),
            _ => false,
        };
        if let Some(content) = response
            .content
            .get("application/json")
            .filter(|one| is_problem(one))
            .cloned()
        {
            response.content.clear();
            response.content.insert("application/problem+json".to_owned(), content);
        }
    }
}
