//! The `silsila` binary; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    silsila::cli::run()
}
