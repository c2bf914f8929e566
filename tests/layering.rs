//! The map of `lib.rs` as a test: who may import whom, which folder is the door to which package, and
//! how files begin and end. Reads the source as text.

use std::fs;
use std::path::{Path, PathBuf};

/// The values that every stage may speak of.
const VALUES: [&str; 5] = ["anomaly", "fate", "flow", "named", "time"];

/// What each module may import of the crate, beside itself and (but for the first rows) [`VALUES`].
///
/// `a::B` allows one item of another module: a value that travels further than its stage.
const IMPORTS: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("flow", &["named", "time"]),
    ("fate", &[]),
    ("anomaly", &["flow", "time"]),
    ("dimension", &["nearest"]),
    ("sip", &[]),
    ("capture", &[]),
    ("decode", &["capture::Frame", "capture::Tap", "capture::TAP_INTERFACE", "capture::Original"]),
    ("stream", &["decode::TcpInfo"]),
    ("registry", &["sip", "call::Outcome", "call::Side"]),
    ("transaction", &["hash", "rename", "sip"]),
    ("call", &["hash", "rename", "sip", "registry", "transaction"]),
    ("shard", &["hash::Secret", "sip", "transaction", "call"]),
    ("pick", &["expr", "hash", "sip", "transaction", "call"]),
    (
        "stats",
        &[
            "config",
            "dimension",
            "hash",
            "pick",
            "rename",
            "trunks",
            "sip",
            "registry",
            "transaction",
            "call",
            "capture::FileReport",
            "capture::Skipped",
        ],
    ),
    (
        "report",
        &[
            "dimension",
            "stats",
            "nearest",
            "pick::Kind",
            "pick::Step",
            "transaction::Bin",
            "registry",
            "call",
            "sip",
            "capture::FileReport",
            "capture::Skipped",
        ],
    ),
    ("anonymize", &["stats", "call", "dimension", "pick::Step", "pick::Kind", "registry", "rename", "sip"]),
    ("filter", &["nearest"]),
    ("check", &["expr", "stats", "report", "registry", "call", "sip", "nearest", "capture::FileReport"]),
    ("expr", &["nearest", "registry", "call", "filter::Network", "stats::interval"]),
    ("named", &[]),
    ("nearest", &[]),
    ("rename", &["dimension"]),
    ("trunks", &["filter::Network", "rename"]),
    ("hash", &[]),
    ("config", &["dimension", "filter", "pick", "trunks"]),
    ("error", &[]),
    (
        "pipeline",
        &[
            "capture",
            "decode",
            "stream",
            "sip",
            "shard",
            "pick",
            "stats",
            "config",
            "error",
            "filter",
            "watch",
            "transaction::CallKey",
            "transaction::call_key",
        ],
    ),
    (
        "cli",
        &[
            "anonymize",
            "baseline",
            "check",
            "compare",
            "config",
            "dimension",
            "error",
            "filter",
            "nearest",
            "pick",
            "trunks",
            "pipeline",
            "report",
            "stats",
            "watch",
            "call::Call",
            "call::Text",
            "transaction::CallKey",
        ],
    ),
    ("baseline", &["anonymize", "capture::unpacked", "config", "error", "pipeline", "stats", "watch"]),
    ("compare", &["call", "nearest", "report", "sip", "stats"]),
    ("watch", &["stats::Counted"]),
    ("lib", &[]),
];

/// Modules that know nothing of the crate, not even its values.
const ALONE: [&str; 5] = ["time", "flow", "fate", "anomaly", "sip"];

/// Packages, and the only place where each is used.
const DOORS: [(&str, &str); 6] = [
    ("pcap_file", "capture/"),
    ("etherparse", "decode/"),
    ("clap", "cli/"),
    ("hdrhistogram", "stats/histogram.rs"),
    ("blake3", "anonymize/key.rs"),
    ("getrandom", "cli/secret.rs"),
];

/// What touches the world outside, and the only modules that may.
const WORLD: [(&str, &[&str]); 4] = [
    ("std::fs", &["baseline", "capture", "cli"]),
    ("std::env", &["cli", "main"]),
    ("std::process", &["cli", "main"]),
    ("std::time", &["cli"]),
];

/// Lines of a file without its tests.
const LONGEST: usize = 500;

/// Files that may be longer, and why.
const LONG: [(&str, &str); 1] =
    [("stats/summary.rs", "the contract between measuring and reporting: fields and their documentation")];

/// A source file: its path below `src`, its text, and whether it holds nothing but tests.
struct Source {
    path: String,
    text: String,
    is_test: bool,
}

impl Source {
    /// The top-level module it belongs to.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Lines up to the first item for tests that is not a file of its own.
    fn product(&self) -> &str {
        let begins = |at: &usize| self.text[*at..].lines().nth(1).is_some_and(|l| l.ends_with('{'));
        let mut marks = self.text.match_indices("#[cfg(test)]\n").map(|(at, _)| at);
        let foot = marks.find(begins).unwrap_or(self.text.len());
        if self.is_test { "" } else { &self.text[..foot] }
    }

    /// Lines of code with their numbers, up to the unit tests; comments left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.product().lines().enumerate().map(|(i, l)| (i + 1, l));
        lines.filter(|(_, l)| !l.trim_start().starts_with("//"))
    }

    /// Paths, without their ending, of the modules that it declares for tests only.
    fn test_modules(&self) -> Vec<String> {
        let folder = self.path.strip_suffix("mod.rs").map(str::to_owned);
        let folder = folder.unwrap_or_else(|| format!("{}/", self.path.trim_end_matches(".rs")));
        let after = self.text.split("#[cfg(test)]\n").skip(1);
        let names = after.filter_map(|text| text.lines().next()?.split_once("mod ")?.1.strip_suffix(';'));
        names.map(|name| format!("{folder}{name}")).collect()
    }

    /// What the crate's paths in it name: `a`, or `a::B` with what follows the module.
    fn imports(&self) -> Vec<(usize, String)> {
        let mut all = Vec::new();
        for (number, line) in self.code() {
            for (at, _) in line.match_indices("crate::") {
                let path = &line[at + "crate::".len()..];
                let (module, rest) = path.split_once("::").unwrap_or((path, ""));
                let module: String =
                    module.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let inner = rest.split_once('{').filter(|(before, _)| before.is_empty());
                let items: Vec<&str> = match inner {
                    Some((_, list)) => list.trim_end_matches([';', '}']).split(',').map(str::trim).collect(),
                    None => vec![rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")],
                };
                all.extend(
                    items.iter().filter(|i| !i.is_empty()).map(|i| (number, format!("{module}::{i}"))),
                );
                if items.iter().all(|i| i.is_empty()) {
                    all.push((number, module));
                }
            }
        }
        all
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the source can be read") {
            let path: PathBuf = entry.expect("the source can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("the source is text");
                let path = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
                all.push(Source { path, text, is_test: false });
            }
        }
    }
    let tests: Vec<String> = all.iter().flat_map(Source::test_modules).collect();
    for source in &mut all {
        let belongs =
            |t: &String| source.path.strip_prefix(t).is_some_and(|r| r == ".rs" || r.starts_with('/'));
        source.is_test = tests.iter().any(belongs);
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(all.len() > 50, "the source is missing");
    all
}

/// What a test found wrong, one line each.
fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

#[test]
fn a_stage_imports_nothing_that_comes_after_it() {
    let mut wrong = Vec::new();
    for s in sources().iter().filter(|s| s.module() != "main") {
        let module = s.module();
        let Some((_, allowed)) = IMPORTS.iter().find(|(m, _)| *m == module) else {
            wrong.push(format!("{}: module {module} is not in the table of imports", s.path));
            continue;
        };
        for (line, import) in s.imports() {
            let other = import.split("::").next().unwrap_or_default();
            let is_value = VALUES.contains(&other) && !ALONE.contains(&module);
            if !(other == module
                || is_value
                || allowed.contains(&other)
                || allowed.contains(&import.as_str()))
            {
                wrong.push(format!("{}:{line}: {module} imports {import}", s.path));
            }
        }
    }
    none(wrong);
}

#[test]
fn each_package_has_one_door() {
    let mut wrong = Vec::new();
    for s in sources() {
        for (package, door) in DOORS {
            let path = format!("{package}::");
            for (line, _) in s.code().filter(|(_, l)| l.contains(&path) && !s.path.starts_with(door)) {
                wrong.push(format!("{}:{line}: {package} is for {door} only", s.path));
            }
        }
    }
    none(wrong);
}

#[test]
fn only_the_ends_of_the_pipeline_touch_the_world() {
    let mut wrong = Vec::new();
    for s in sources() {
        for (path, modules) in WORLD {
            let touching = s.code().filter(|(_, l)| l.contains(path) && !modules.contains(&s.module()));
            wrong.extend(
                touching.map(|(line, _)| format!("{}:{line}: {path} is for {modules:?} only", s.path)),
            );
        }
    }
    none(wrong);
}

#[test]
fn every_file_opens_with_its_job() {
    let silent = sources().into_iter().filter(|s| !s.text.starts_with("//!"));
    none(silent.map(|s| format!("{} does not open with //!", s.path)).collect());
}

#[test]
fn no_file_is_long() {
    let mut wrong = Vec::new();
    for s in sources() {
        let lines = if s.is_test { s.text.lines().count() } else { s.product().lines().count() };
        if lines > LONGEST && !LONG.iter().any(|(path, _)| *path == s.path) {
            wrong.push(format!("{} has {lines} lines without its tests, {LONGEST} are enough", s.path));
        }
    }
    none(wrong);
}

#[test]
fn main_parses_runs_and_exits() {
    let main = sources().into_iter().find(|s| s.path == "main.rs").expect("a program");
    assert!(main.text.lines().count() < 60, "main.rs does too much");
}

/// No stage may stop the program, whatever the input.
#[test]
fn nothing_panics_on_purpose() {
    let mut wrong = Vec::new();
    for s in sources() {
        for (line, text) in s.code() {
            for word in ["panic!(", "todo!(", "unimplemented!(", ".unwrap()", "dbg!("] {
                if text.contains(word) {
                    wrong.push(format!("{}:{line}: {word}", s.path));
                }
            }
        }
    }
    none(wrong);
}

/// Where the project was checked out is nobody's business.
#[test]
fn no_file_names_the_folder_it_was_built_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(parent) = root.parent().filter(|p| p.components().count() > 2) else { return };
    let needle = format!("{}/", parent.display());
    let mut wrong = Vec::new();
    let mut places = vec![root.to_path_buf()];
    while let Some(place) = places.pop() {
        for entry in fs::read_dir(&place).expect("the project can be read").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                let is_ours = !["target", ".git"].contains(&name.as_str());
                places.extend(is_ours.then_some(path));
            } else if name != ".git" && fs::read_to_string(&path).is_ok_and(|text| text.contains(&needle)) {
                wrong.push(format!("{} names {needle}", path.display()));
            }
        }
    }
    none(wrong);
}
