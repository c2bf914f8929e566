//! The `sipstat` program: parse the command line, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    sipstat::cli::run(std::env::args_os(), sipstat::baseline::run)
}
