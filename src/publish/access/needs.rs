//! Which role an address asks for: a table, and a strict answer for what is not in it.

use actix_web::http::Method;

use super::rate::Class;
use super::tokens::Role;

/// What a request must bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: probes, the way in, and what the way in is made of.
    Nothing,
    /// Any token: there is nothing behind it but "not found" or "not with this method".
    Token,
    /// A token of a role that may do what this role stands for.
    Role(Role),
}

use Need::{Nothing, Token};
const READ: Need = Need::Role(Role::Read);
const INGEST: Need = Need::Role(Role::Ingest);
const EDIT: Need = Need::Role(Role::Edit);
const ADMIN: Need = Need::Role(Role::Admin);

/// The address of embedded timelines: the configuration may let everybody read them.
pub const EMBEDDED: &str = "/embed/stories/{id}";

/// Patterns of addresses, what reading them needs (GET, HEAD), and what any other method needs.
const TABLE: &[(&str, Need, Need)] = &[
    ("/healthz", Nothing, Token),
    ("/readyz", Nothing, Token),
    ("/openapi.json", Nothing, Token),
    ("/assets/{name}", Nothing, Token),
    ("/login", Nothing, Nothing),
    ("/logout", Nothing, Nothing),
    ("/metrics", READ, Token),
    ("/docs", READ, Token),
    ("/docs/{_:.*}", READ, Token),
    ("/", READ, Token),
    ("/stories", READ, Token),
    ("/seen", Token, READ),
    ("/stories/{id}", READ, Token),
    (EMBEDDED, READ, Token),
    ("/articles/{id}", READ, Token),
    ("/documents/{id}", READ, Token),
    ("/review", READ, Token),
    ("/corrections", READ, EDIT),
    ("/corrections/{number}/{act}", Token, EDIT),
    ("/search", READ, Token),
    ("/watches", EDIT, EDIT),
    ("/watches/new", EDIT, Token),
    ("/watches/{id}", EDIT, EDIT),
    ("/stories/{id}/watch", Token, EDIT),
    ("/v1/articles", Token, INGEST),
    ("/v1/documents", Token, INGEST),
    ("/v1/articles/{id}", READ, Token),
    ("/v1/articles/{id}/placement", READ, Token),
    ("/v1/documents/{id}", READ, Token),
    ("/v1/stories", READ, Token),
    ("/v1/stories/{id}", READ, Token),
    ("/v1/stories/{id}/articles", READ, Token),
    ("/v1/stories/{id}/timeline", READ, Token),
    ("/v1/stories/{id}.jsonld", READ, Token),
    ("/v1/stories/{id}/timeline.{format}", READ, Token),
    ("/v1/stories/{id}/history", READ, Token),
    ("/v1/stories/{id}/graph", READ, Token),
    ("/v1/search", READ, Token),
    ("/v1/changes", READ, Token),
    ("/v1/changes/stream", READ, Token),
    // Watches show receivers' addresses and the feeds' secret ones: not for everybody who may read.
    ("/v1/watches", EDIT, EDIT),
    ("/v1/watches/{id}", EDIT, EDIT),
    ("/v1/watches/{id}/rotate", Token, EDIT),
    ("/v1/watches/{id}/test", Token, EDIT),
    ("/v1/watches/{id}/replay", Token, EDIT),
    ("/v1/watches/{id}/alerts", EDIT, Token),
    ("/v1/watches/{id}/messages", EDIT, Token),
    ("/v1/watches/{id}/stream", EDIT, Token),
    // Its address is the secret.
    ("/feeds/{secret}.atom", Nothing, Token),
    ("/v1/corrections", READ, EDIT),
    ("/v1/corrections/{number}", READ, Token),
    ("/v1/corrections/{number}/undo", Token, EDIT),
    ("/v1/corrections/{number}/redo", Token, EDIT),
    // Raw inputs of all feeders: an operator's matter.
    ("/v1/refused", ADMIN, Token),
    ("/v1/failed", ADMIN, Token),
    ("/v1/articles/{id}/retry", Token, ADMIN),
    ("/v1/review", READ, Token),
    // With the editors' names.
    ("/v1/decisions", EDIT, Token),
];

/// What a request for an address of this pattern needs; `None` is an address that is not there.
pub fn of(method: &Method, pattern: Option<&str>) -> Need {
    let Some(pattern) = pattern else { return Token };
    if *method == Method::OPTIONS {
        return Nothing;
    }
    match TABLE.iter().find(|(known, ..)| *known == pattern) {
        Some((_, read, write)) => match is_reading(method) {
            true => *read,
            false => *write,
        },
        // Whoever adds an address says who may use it.
        None => ADMIN,
    }
}

/// What a request is counted as.
pub fn class(method: &Method, pattern: Option<&str>) -> Class {
    match of(method, pattern) {
        Need::Role(Role::Ingest) => Class::Ingest,
        _ if is_reading(method) || *method == Method::OPTIONS => Class::Read,
        _ => Class::Edit,
    }
}

fn is_reading(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses that are registered in a source file: `"/…"` where a route begins.
    fn registered(source: &str) -> Vec<&str> {
        [
            "reads(\"",
            "takes(\"",
            "resource(\"",
            "route(\"",
            "redirect(\"",
            "SwaggerUi::new(\"",
            "url(\"",
        ]
        .into_iter()
        .flat_map(|call| source.split(call).skip(1))
        .chain(
            source
                .split("takes(\n")
                .skip(1)
                .filter_map(|rest| rest.trim_start().strip_prefix('"')),
        )
        .filter_map(|rest| rest.split('"').next())
        .filter(|path| path.starts_with('/'))
        .collect()
    }

    #[test]
    fn every_address_is_in_the_table() {
        let api = registered(include_str!("../api/mod.rs"));
        let pages = registered(include_str!("../web/mod.rs"));
        assert!(api.len() > 20 && pages.len() > 9, "{api:?} {pages:?}");
        let missing: Vec<&str> = api
            .into_iter()
            .chain(pages)
            .filter(|path| TABLE.iter().all(|(known, ..)| known != path))
            .collect();
        assert_eq!(missing, Vec::<&str>::new(), "say in TABLE who may use them");
    }

    #[test]
    fn what_is_not_in_the_table_is_for_administrators() {
        assert_eq!(of(&Method::GET, Some("/v1/new")), ADMIN);
        assert_eq!(of(&Method::GET, None), Token);
        assert_eq!(of(&Method::POST, Some("/v1/corrections")), EDIT);
        assert_eq!(of(&Method::HEAD, Some("/v1/corrections")), READ);
        assert_eq!(of(&Method::OPTIONS, Some("/v1/refused")), Nothing);
        assert_eq!(class(&Method::POST, Some("/v1/articles")), Class::Ingest);
        assert_eq!(class(&Method::POST, Some("/v1/corrections/{number}/undo")), Class::Edit);
        assert_eq!(class(&Method::GET, Some("/stories/{id}")), Class::Read);
    }
}
