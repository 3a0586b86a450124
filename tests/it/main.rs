//! Behaviour through the command line and HTTP, with the real model: one file a promise.

mod api;
mod bad_input;
mod demonstration;
mod kill;
mod seed;
mod service;
