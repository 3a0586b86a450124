//! Behaviour through the command line and HTTP, with the real model: one file a promise.

mod api;
mod bad_input;
mod browser;
mod corrections;
mod demonstration;
mod disk;
mod export;
mod keeping;
mod kill;
mod labels;
mod model;
mod pages;
mod refused;
mod review;
mod running;
mod seed;
mod service;
mod timeline;
mod wire;
