//! The figures of a run that can be compared, by name.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::{Outcome, RegisterOutcome};
use crate::sip::{Method, StatusCode};
use crate::stats::summary::{DelayKind, RateKind};
use crate::stats::{Distribution, Summary};
use crate::time::Nanos;

/// Which way a figure gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More of it is better.
    Higher,
    /// Less of it is better.
    Lower,
    /// It says who called whom, not how well.
    Neither,
}

/// A figure's name and nature.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) better: Better,
    /// The name under which its value is kept, and its quantile.
    source: String,
    pub(super) quantile: Option<f64>,
}

/// A figure's value in one run.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Share((u64, u64)),
    Bins(Vec<(Nanos, u64)>),
}

/// The figures of one run.
#[derive(Debug, Default)]
pub(super) struct Figures {
    shares: BTreeMap<String, ((u64, u64), Better)>,
    /// Failing classes by method: `5xx INVITE`. Their codes are figures; these are for limits.
    classes: BTreeMap<String, (u64, u64)>,
    delays: BTreeMap<String, Vec<(Nanos, u64)>>,
    /// Of each method: final responses, responses.
    methods: BTreeMap<String, (u64, u64)>,
    requests: u64,
}

/// Quantiles of a delay that are figures of their own.
const QUANTILES: [(&str, f64); 4] = [("p50", 0.50), ("p90", 0.90), ("p95", 0.95), ("p99", 0.99)];

impl Figures {
    pub(super) fn of(s: &Summary, delays: Vec<Distribution>) -> Self {
        let mut all = Self::default();
        for (kind, ratio) in s.invite.rates.iter().chain([&(RateKind::Ira, s.register.ira)]) {
            if !ratio.suppressed {
                all.put(kind.id().to_owned(), (ratio.numerator, ratio.denominator), better_rate(*kind));
            }
        }
        for row in
            s.invite.outcomes.iter().filter(|r| !matches!(r.outcome, Outcome::Pending | Outcome::Answered))
        {
            let name = format!("outcomes.{}", row.outcome.id());
            all.put(name, (row.count, s.invite.decided), better_outcome(row.outcome));
        }
        let pending = |o| o == RegisterOutcome::Pending;
        let registered: u64 =
            s.register.outcomes.iter().filter(|r| !pending(r.outcome)).map(|r| r.count).sum();
        for row in s.register.outcomes.iter().filter(|r| !pending(r.outcome)) {
            let name = format!("register.{}", row.outcome.id());
            all.put(name, (row.count, registered), better_registration(row.outcome));
        }
        for row in &s.responses.by_method {
            all.methods.insert(row.method.clone(), (row.finals, row.counts.first));
            let rate = (row.failure_rate.numerator, row.failure_rate.denominator);
            // Busy, no answer and cancelled are failures of an INVITE: outcomes tell what it means.
            if row.method != "INVITE" && !row.failure_rate.suppressed {
                all.put(format!("failure_rate({})", row.method), rate, Better::Lower);
            }
        }
        for row in &s.responses.by_method_and_code {
            let of = all.whole(row.status, &row.method);
            all.put(code(row.status, &row.method), (row.counts.first, of), better_code(row.status));
            if row.status.class() >= 4 {
                let name = format!("{}xx {}", row.status.class(), row.method);
                let (count, _) = all.classes.entry(name).or_insert((0, of));
                *count += row.counts.first;
            }
        }
        all.requests = s.requests.iter().map(|r| r.counts.first).sum();
        for row in &s.requests {
            let of = (row.counts.first, all.requests);
            all.put(format!("requests({})", row.method), of, Better::Neither);
        }
        let counts = s.messages.counts;
        let sent = counts.first + counts.retransmissions;
        all.put("retransmissions".to_owned(), (counts.retransmissions, sent), Better::Lower);
        let d = &s.invite.duration;
        all.put("short_calls".to_owned(), (d.short, d.ended), Better::Lower);
        all.put("dropped_calls".to_owned(), (s.invite.release.dropped, d.ended), Better::Lower);
        all.delays = delays.into_iter().map(|d| (d.name, d.bins)).collect();
        all
    }

    /// The figures of either.
    pub(super) fn all(a: &Self, b: &Self) -> Vec<Figure> {
        let mut names = BTreeSet::new();
        let mut figures = Vec::new();
        for (name, (_, better)) in a.shares.iter().chain(&b.shares) {
            if names.insert(name.clone()) {
                figures.push(Figure {
                    name: name.clone(),
                    better: *better,
                    source: name.clone(),
                    quantile: None,
                });
            }
        }
        for name in a.delays.keys().chain(b.delays.keys()) {
            if !names.insert(name.clone()) {
                continue;
            }
            let better = better_delay(name);
            let figure =
                |name: String, quantile| Figure { name: name.clone(), better, source: name, quantile };
            figures.push(figure(name.clone(), None));
            for (p, q) in QUANTILES {
                let source = name.clone();
                figures.push(Figure { source, ..figure(format!("{p}({name})"), Some(q)) });
            }
        }
        figures
    }

    /// The failing classes of either: more of them is worse, whatever they are.
    pub(super) fn classes(a: &Self, b: &Self) -> Vec<Figure> {
        let names: BTreeSet<&String> = a.classes.keys().chain(b.classes.keys()).collect();
        let figure = |name: &String| Figure {
            name: name.clone(),
            better: Better::Lower,
            source: name.clone(),
            quantile: None,
        };
        names.into_iter().map(figure).collect()
    }

    /// A figure's value here: none of what did not occur.
    pub(super) fn value(&self, figure: &Figure) -> Value {
        if let Some(bins) = self.delays.get(&figure.source) {
            return Value::Bins(bins.clone());
        }
        let share = self.shares.get(&figure.source).map(|(share, _)| share);
        if let Some(share) = share.or_else(|| self.classes.get(&figure.source)) {
            return Value::Share(*share);
        }
        if let Some((_, method)) = figure.source.split_once("xx ") {
            return Value::Share((0, self.methods.get(method).map_or(0, |(finals, _)| *finals)));
        }
        if figure.source.starts_with("response_time(") {
            return Value::Bins(Vec::new());
        }
        let cell =
            figure.source.split_once(' ').and_then(|(c, m)| Some((StatusCode::new(c.parse().ok()?)?, m)));
        let whole = match cell {
            Some((status, method)) => self.whole(status, method),
            None if figure.source.starts_with("requests(") => self.requests,
            None => 0,
        };
        Value::Share((0, whole))
    }

    fn put(&mut self, name: String, share: (u64, u64), better: Better) {
        self.shares.insert(name, (share, better));
    }

    /// What a code's responses are a part of: the method's finals, or all its responses.
    fn whole(&self, status: StatusCode, method: &str) -> u64 {
        let (finals, all) = self.methods.get(method).copied().unwrap_or_default();
        if status.is_final() { finals } else { all }
    }
}

fn code(status: StatusCode, method: &str) -> String {
    format!("{} {method}", status.get())
}

fn better_rate(kind: RateKind) -> Better {
    match kind {
        RateKind::Isa | RateKind::IsaWithoutSilent | RateKind::Ira => Better::Lower,
        _ => Better::Higher,
    }
}

fn better_outcome(outcome: Outcome) -> Better {
    match outcome {
        Outcome::Busy | Outcome::NoAnswer | Outcome::Cancelled | Outcome::Declined | Outcome::Redirected => {
            Better::Neither
        }
        _ => Better::Lower,
    }
}

fn better_registration(outcome: RegisterOutcome) -> Better {
    match outcome {
        RegisterOutcome::Registered => Better::Higher,
        RegisterOutcome::Removed | RegisterOutcome::Queried => Better::Neither,
        _ => Better::Lower,
    }
}

/// What callers and callees do, and challenges, are neither good nor bad.
pub(super) fn better_code(status: StatusCode) -> Better {
    match status.get() {
        200..=299 => Better::Higher,
        100..=199 | 300..=399 | 401 | 407 | 480 | 486 | 487 | 600 | 603 => Better::Neither,
        _ => Better::Lower,
    }
}

/// How long people ring and talk is theirs to say.
fn better_delay(name: &str) -> Better {
    let theirs = [DelayKind::Ring, DelayKind::Sdt, DelayKind::SdtFailed, DelayKind::Setup];
    if name == "response_time(INVITE)" || theirs.iter().any(|kind| kind.id() == name) {
        Better::Neither
    } else {
        Better::Lower
    }
}

/// Names of figures that a run may have, whatever its traffic.
pub(super) fn known() -> impl Iterator<Item = String> {
    let rates = [
        "asr",
        "asr_without_scanners",
        "abr",
        "ner",
        "ner_high",
        "ner_q850",
        "ser",
        "seer",
        "isa",
        "isa_without_silent",
        "scr",
        "cleared",
        "ira",
        "retransmissions",
        "short_calls",
        "dropped_calls",
    ];
    // Of answered ones rates tell, and what is pending is no end.
    let told = |o: &&Outcome| !matches!(o, Outcome::Answered | Outcome::Pending);
    let outcomes = Outcome::ALL.iter().filter(told).map(|o| format!("outcomes.{}", o.id()));
    let registrations = RegisterOutcome::ALL.iter().map(|o| format!("register.{}", o.id()));
    let delays = DelayKind::ALL.iter().flat_map(|kind| {
        let quantiles = QUANTILES.iter().map(|(p, _)| format!("{p}({})", kind.id()));
        quantiles.chain([kind.id().to_owned()])
    });
    rates.into_iter().map(str::to_owned).chain(outcomes).chain(registrations).chain(delays)
}

/// Which way a figure of this name gets better that neither run has; `None` if no run can have it.
pub(super) fn absent(name: &str) -> Option<Better> {
    if let Some((of, method)) = name.split_once(' ') {
        let class = of.strip_suffix("xx").is_some_and(|c| matches!(c, "4" | "5" | "6"));
        let code = of.parse().ok().and_then(StatusCode::new);
        let better = if class { Some(Better::Lower) } else { code.map(better_code) };
        return better.filter(|_| is_method(method));
    }
    let quantile =
        QUANTILES.iter().find_map(|(p, _)| name.strip_prefix(p)?.strip_prefix('(')?.strip_suffix(')'));
    let by_method = ["failure_rate(", "requests(", "response_time("];
    let inner = quantile.unwrap_or(name);
    let of_method = by_method.iter().find_map(|b| inner.strip_prefix(b)?.strip_suffix(')'));
    let is_known = known().any(|k| k == name) || of_method.is_some_and(is_method);
    is_known.then(|| if inner.starts_with("requests(") { Better::Neither } else { better_delay(inner) })
}

/// Names of methods that no run has are mistyped, but for registered ones.
fn is_method(name: &str) -> bool {
    Method::REGISTERED.iter().any(|m| m.as_bytes() == name.as_bytes())
}
