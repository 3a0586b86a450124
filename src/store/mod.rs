//! (skeleton: store)
