//! Behaviour through the command line and HTTP, with the real model: one file a promise.

mod bad_input;
mod browser;
mod demonstration;
mod kill;
mod pages;
mod seed;
mod service;
