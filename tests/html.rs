//! The HTML report as a browser shows it: no error, no request, and the figures of the JSON report.
//!
//! Needs Chromium: `SIPSTAT_BROWSER` names it, or it is found on the path. Where there is none, the
//! tests say so and check nothing; with `CI` set they fail then, unless `SIPSTAT_BROWSER=none`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// The browser; `None` where there is none, which is said aloud.
fn browser() -> Option<PathBuf> {
    let named = env::var_os("SIPSTAT_BROWSER").map(PathBuf::from);
    if let Some(named) = named {
        return (named != Path::new("none")).then_some(named).or_else(|| skipped("SIPSTAT_BROWSER=none"));
    }
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let places: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .flat_map(|dir| names.map(|n| dir.join(n)))
        .collect();
    let found = places.into_iter().find(|p| p.is_file());
    assert!(
        found.is_some() || env::var_os("CI").is_none(),
        "CI without Chromium: SIPSTAT_BROWSER=none accepts that"
    );
    found.or_else(|| skipped("no Chromium on the path"))
}

fn skipped(why: &str) -> Option<PathBuf> {
    eprintln!("NOT TESTED in a browser: {why}");
    None
}

/// A folder of its own, removed at the end.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("sipstat-html-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the page became, and what the console said.
fn open(browser: &Path, dir: &Dir, address: &str) -> (String, String) {
    let log = dir.0.join("net.json");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args([
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--virtual-time-budget=4000",
        ])
        .arg(format!("--user-data-dir={}", dir.0.join("profile").display()))
        .arg(format!("--log-net-log={}", log.display()))
        .args(["--dump-dom", address])
        .output()
        .expect("the browser runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let console: Vec<_> = said.lines().filter(|l| l.contains("CONSOLE")).collect();
    let net = fs::read_to_string(log).unwrap_or_default();
    for scheme in ["\"url\":\"http:", "\"url\":\"https:", "\"url\":\"ws"] {
        // The browser asks its maker for news on its own; the page asks nobody.
        let asked = net.split(scheme).skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
        let foreign: Vec<_> = asked.filter(|to| !to.contains("google") && !to.contains("gvt1")).collect();
        assert!(foreign.is_empty(), "requests: {foreign:?}");
    }
    (String::from_utf8_lossy(&output.stdout).into_owned(), console.join("\n"))
}

fn sipstat(arguments: &[&str]) -> Vec<u8> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut program = Command::new(env!("CARGO_BIN_EXE_sipstat"));
    program.current_dir(samples).args(arguments).output().expect("the program runs").stdout
}

/// Text of each element that shows a figure, by the figure's path.
fn figures(page: &str) -> Vec<(String, String)> {
    let marks = page.split(" data-figure=\"").skip(1);
    marks
        .filter_map(|rest| {
            let (path, rest) = rest.split_once('"')?;
            let text = rest.split_once('>')?.1.split('<').next()?;
            Some((path.to_owned(), text.replace("&lt;", "<").replace("&gt;", ">")))
        })
        .collect()
}

/// The figure at `path` as the page should show it.
fn expected(report: &Value, path: &str) -> String {
    if let Some(class) = path.strip_prefix("responses.by_class.") {
        let rows = report["responses"]["by_class"].as_array().expect("classes");
        let row = rows.iter().find(|r| r["class"].as_u64() == class.parse().ok()).expect("a class");
        return grouped(row["responses"].as_u64().expect("a count"));
    }
    let value = path.split('.').fold(report, |v, key| &v[key]);
    match value {
        Value::Number(n) => grouped(n.as_u64().expect("a count")),
        Value::Object(rate) => match rate["value"].as_f64() {
            Some(v) => {
                let text = format!("{:.2}%", v * 100.0);
                match text.as_str() {
                    "0.00%" if v > 0.0 => "<0.01%".into(),
                    "100.00%" if v < 1.0 => ">99.99%".into(),
                    _ => text,
                }
            }
            None => "n/a".into(),
        },
        other => panic!("{path}: {other}"),
    }
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let grouped = digits.char_indices().map(|(i, d)| {
        let comma = if i > 0 && (digits.len() - i).is_multiple_of(3) { "," } else { "" };
        format!("{comma}{d}")
    });
    grouped.collect()
}

#[test]
fn pages_show_the_figures_of_the_report_without_error_or_request() {
    let Some(browser) = browser() else { return };
    let dir = Dir::new("figures");
    for capture in ["trunk-incident.pcapng.gz", "baresip-registers.pcap", "tls.pcap", "torture.pcap"] {
        let report: Value = serde_json::from_slice(&sipstat(&["-f", "json", capture])).expect("a report");
        let path = dir.0.join("report.html");
        fs::write(&path, sipstat(&["-f", "html", capture])).expect("a page");
        let (page, console) = open(&browser, &dir, &format!("file://{}", path.display()));
        assert_eq!(console, "", "{capture}");
        assert!(page.contains("data-ready=\"true\""), "{capture}: the script did not come to its end");
        let shown = figures(&page);
        assert!(!shown.is_empty(), "{capture}");
        for (path, text) in shown {
            assert_eq!(text, expected(&report, &path), "{capture}: {path}");
        }
    }
}

#[test]
fn a_path_that_is_markup_stays_text() {
    let Some(browser) = browser() else { return };
    let dir = Dir::new("foreign");
    let name = "<img src=x onerror=document.title='pwned'>.pcap";
    let capture = dir.0.join(name);
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/busy.pcap"), &capture).expect("a copy");
    let path = dir.0.join("report.html");
    let page = sipstat(&["-f", "html", capture.to_str().expect("a plain path")]);
    fs::write(&path, page).expect("a page");
    let (page, console) = open(&browser, &dir, &format!("file://{}", path.display()));
    assert_eq!(console, "");
    assert!(!page.contains("<img") && !page.contains("<title>pwned"), "{page}");
}
