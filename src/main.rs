//! The `sipstat` program: parse the command line, run, exit.

fn main() {}
