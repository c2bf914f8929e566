//! The README tells the truth: its example is what the program prints, its files exist.

use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../README.md");

/// Each console block: the arguments of its command, and what follows it.
fn examples() -> Vec<(Vec<&'static str>, &'static str)> {
    let blocks = README.split("```console\n").skip(1).filter_map(|b| b.split("\n```").next());
    blocks
        .filter_map(|block| {
            let (command, output) = block.split_once('\n')?;
            let arguments = command.strip_prefix("$ sipstat ")?;
            Some((arguments.split(' ').collect(), output))
        })
        .collect()
}

#[test]
fn examples_show_what_the_program_prints() {
    let examples = examples();
    assert!(!examples.is_empty(), "the README has no example");
    for (arguments, expected) in examples {
        let run = Command::new(env!("CARGO_BIN_EXE_sipstat"))
            .args(&arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("the program runs");
        assert_eq!(
            String::from_utf8_lossy(&run.stdout).trim_end(),
            expected,
            "sipstat {}",
            arguments.join(" ")
        );
    }
}

#[test]
fn files_that_the_readme_names_exist() {
    let named = README
        .split([' ', '`', '\n', '(', ')', ',', ';'])
        .filter(|w| ["samples/", "tests/", "benches/", "src/", ".ci/"].iter().any(|dir| w.starts_with(dir)));
    for word in named {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(word.trim_end_matches(['.', ':']));
        assert!(path.exists(), "{word}");
    }
}
