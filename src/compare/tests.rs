//! Comparisons of simulated trunks: a steady one with itself, and one that began to refuse calls.

use super::*;
use crate::call::Outcome;
use crate::stats::summary::{CellRow, OutcomeRow, RateKind, ResponseMethodRow};
use crate::stats::{Counts, Ratio};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A trunk's ordinary endings: share, final code, outcome.
const ENDINGS: [(f64, u16, Outcome); 7] = [
    (0.60, 200, Outcome::Answered),
    (0.75, 487, Outcome::Cancelled),
    (0.85, 486, Outcome::Busy),
    (0.93, 480, Outcome::NoAnswer),
    (0.97, 404, Outcome::NotFound),
    (0.99, 603, Outcome::Declined),
    (1.01, 500, Outcome::ServerFailure),
];

/// So many calls, of which a share is refused with 503.
fn trunk(seed: u64, calls: u64, refused: f64) -> Finished {
    let mut r = Random(seed);
    let (mut codes, mut outcomes) = (vec![0_u64; 700], vec![0_u64; Outcome::ALL.len()]);
    let (mut pdd, mut sdd) = (Vec::new(), Vec::new());
    let mut ringing = 0;
    for _ in 0..calls {
        let end = r.unit();
        let (_, code, outcome) = *ENDINGS.iter().find(|(share, ..)| end < *share).unwrap();
        let (code, outcome) =
            if r.unit() < refused { (503, Outcome::ServerFailure) } else { (code, outcome) };
        codes[usize::from(code)] += 1;
        outcomes[outcome as usize] += 1;
        // Delays of about two seconds with a long tail, in steps of a hundredth.
        let mut delay = |median: f64| {
            let normal: f64 = (0..12).map(|_| r.unit()).sum::<f64>() - 6.0;
            Nanos::from_millis(((median * (0.4 * normal).exp()) * 100.0) as i64 * 10)
        };
        if !matches!(code, 404 | 500 | 503) {
            ringing += 1;
            pdd.push(delay(2.0));
        }
        if code == 200 {
            sdd.push(delay(0.5));
        }
    }
    let mut s = Summary::default();
    (s.input.complete, s.input.exact) = (true, true);
    let answered = outcomes[Outcome::Answered as usize];
    (s.invite.attempts, s.invite.decided) = (calls, calls);
    s.invite.rates = vec![
        (RateKind::Asr, Ratio::new(answered, calls)),
        (RateKind::Isa, Ratio::new(codes[500] + codes[503], calls)),
    ];
    let outcome = |o: &Outcome| OutcomeRow {
        outcome: *o,
        count: outcomes[*o as usize],
        share: None,
        details: Vec::new(),
        alerted: Vec::new(),
        codes: Vec::new(),
    };
    s.invite.outcomes = Outcome::ALL.iter().map(outcome).collect();
    let first = |n| Counts { first: n, ..Counts::default() };
    let cell = |method: &str, code, n| CellRow {
        method: method.to_owned(),
        status: StatusCode::new(code).unwrap(),
        counts: first(n),
        share: None,
        at_least: false,
    };
    codes[180] = ringing;
    let cells = codes.iter().zip(0_u16..).filter(|(n, _)| **n > 0);
    s.responses.by_method_and_code = cells.map(|(n, code)| cell("INVITE", code, *n)).collect();
    s.responses.by_method_and_code.push(cell("BYE", 200, answered));
    let method = |name: &str, finals, all| ResponseMethodRow {
        method: name.to_owned(),
        counts: first(all),
        finals,
        ..ResponseMethodRow::default()
    };
    s.responses.by_method = vec![method("INVITE", calls, calls + ringing), method("BYE", answered, answered)];
    let bins = |mut all: Vec<Nanos>| {
        all.sort_unstable();
        all.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect()
    };
    let named = |name: &str, delays| Distribution { name: name.to_owned(), bins: bins(delays) };
    (s, vec![named("pdd", pdd), named("sdd", sdd)])
}

fn of(a: Finished, b: Finished) -> Comparison {
    of_figures(["base".to_owned(), "now".to_owned()], a, b)
}

#[test]
fn halves_of_a_steady_trunk_yield_no_finding_in_95_of_100_seeds() {
    let quiet = |seed: &u64| {
        let c = of(trunk(seed * 2 + 1, 2_000, 0.0), trunk(seed * 2 + 2, 2_000, 0.0));
        c.differences.iter().all(|d| !d.significant)
    };
    let seeds = (0..100).filter(quiet).count();
    assert!(seeds >= 95, "{seeds} of 100");
}

#[test]
fn five_percent_of_503_are_found_in_every_seed() {
    for seed in 0..100 {
        let c = of(trunk(seed * 2 + 1, 1_000, 0.0), trunk(seed * 2 + 2, 1_000, 0.05));
        let found = c.differences.iter().find(|d| d.figure == "503 INVITE").expect("a figure");
        assert_eq!(found.change(), Change::Worse, "seed {seed}: {found:?}");
        assert_eq!(c.new_codes.iter().map(|(s, ..)| s.get()).collect::<Vec<_>>(), [503], "seed {seed}");
        // Findings first, and what got worse before all others.
        assert!(c.differences[0].significant && c.differences.is_sorted_by_key(|d| !d.significant));
    }
}

#[test]
fn slower_calls_are_found_by_their_delays() {
    let (base, mut now) = (trunk(1, 1_000, 0.0), trunk(2, 1_000, 0.0));
    for (delay, _) in &mut now.1[0].bins {
        *delay = *delay + Nanos::from_millis(150);
    }
    let c = of(base, now);
    let worse: Vec<&str> =
        c.differences.iter().filter(|d| d.change() == Change::Worse).map(|d| d.figure.as_str()).collect();
    assert!(worse.contains(&"pdd") && !worse.contains(&"sdd"), "{worse:?}");
}

#[test]
fn text_fits_eighty_columns_and_every_format_tells_the_same() {
    let c = of(trunk(1, 100_000, 0.0), trunk(2, 90_000, 0.05));
    let verdicts = [
        "503 INVITE 1%".parse::<rules::MaxRegress>().unwrap().judge(&c).unwrap(),
        "5xx".parse::<rules::NewCodes>().unwrap().judge(&c),
    ];
    let mut out = Vec::new();
    text::write(&c, &verdicts, true, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let long: Vec<&str> = text.lines().filter(|l| l.chars().count() > 80).collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
    assert!(
        text.contains("! 503 INVITE") && text.contains("BREACHED: --max-regress '503 INVITE 1%'"),
        "{text}"
    );
    let mut out = Vec::new();
    json::write(&c, &verdicts, &mut out).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let first = &json["differences"][0];
    assert_eq!((&json["schema"], &json["status"]), (&"sipstat.compare/1".into(), &"fail".into()));
    assert_eq!((&first["significant"], &first["change"]), (&true.into(), &"worse".into()));
    let mut out = Vec::new();
    markdown::write(&c, &verdicts, &mut out).unwrap();
    let markdown = String::from_utf8(out).unwrap();
    assert!(markdown.contains("| `503 INVITE` |") && markdown.contains("limits breached"), "{markdown}");
}
