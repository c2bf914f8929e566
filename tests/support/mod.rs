//! What the integration tests share: the `.flow` language, the check of a report against it, and
//! generators of trunk traffic and of random conversations.

pub(crate) mod conversations;
pub(crate) mod expect;
pub(crate) mod flow;
pub(crate) mod trunk;
pub(crate) mod world;

use std::fs;
use std::path::Path;

use serde_json::Value;
use sipstat::config::Config;

use self::flow::Ladder;

/// The report about `ladder`, by the library, through a file under the tests' own `folder`.
///
/// # Panics
/// When there is none.
pub(crate) fn report_about(ladder: &Ladder, folder: &str, name: &str) -> Value {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(format!("{name}.{}", ladder.extension()));
    fs::write(&path, ladder.build()).unwrap();
    let mut json = Vec::new();
    sipstat::report::json::write(&sipstat::pipeline::run(&Config::new([path])).unwrap(), &mut json).unwrap();
    serde_json::from_slice(&json).unwrap()
}
