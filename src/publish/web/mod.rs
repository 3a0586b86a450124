//! The pages for editors.

/// Registers the pages.
pub fn routes(_config: &mut actix_web::web::ServiceConfig) {}
