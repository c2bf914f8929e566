//! The `sipstat` program: parse the command line, run, exit.

fn main() {
    let path = std::env::args().next_back().unwrap_or_default();
    let settings = sipstat::pipeline::Settings {
        paths: vec![path.into()],
        duplicate_window: sipstat::time::Nanos::from_millis(100),
        choices: sipstat::stats::Choices {
            short_call: sipstat::time::Nanos::from_secs(6),
            host_sides: vec![],
        },
        limits: Default::default(),
    };
    match sipstat::pipeline::run(&settings) {
        Ok(summary) => {
            let _ = sipstat::report::json::write(&summary, &mut std::io::stdout().lock());
        }
        Err(e) => {
            eprintln!("{e:?}");
            std::process::exit(1)
        }
    }
}
