//! Compares whole reports with files under `expected/`. `SIPSTAT_BLESS=1 cargo test` rewrites them; read
//! the difference before committing it.

use std::path::Path;
use std::{env, fs};

/// Fails unless `actual` is what `expected/<name>` holds.
#[track_caller]
pub(super) fn check(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/expected").join(name);
    if env::var_os("SIPSTAT_BLESS").is_some() {
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    for (i, (want, have)) in expected.lines().zip(actual.lines()).enumerate() {
        assert_eq!(have, want, "{name}, line {}", i + 1);
    }
    assert_eq!(actual.lines().count(), expected.lines().count(), "{name}: lines");
    assert_eq!(actual, expected, "{name}");
}
