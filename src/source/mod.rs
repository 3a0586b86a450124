//! (skeleton: source)
