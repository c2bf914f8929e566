//! What was wrong once, each as the smallest ladder that shows it.

use std::fs;

use crate::laws::{self, Outcome, scratch, violations};
use crate::support::expect::unmet;
use crate::support::flow::Ladder;

/// Builds `script` and holds the report against its `expect` lines and the laws.
fn check(name: &str, script: &str) {
    let ladder = Ladder::parse(script).unwrap_or_else(|e| panic!("{name}: {e}"));
    let capture = scratch("regressions").join(format!("{name}.pcap"));
    fs::write(&capture, ladder.build()).expect("the target folder can be written");
    let Outcome::Report(report) = laws::report(&[&capture]) else { panic!("{name} is no capture") };
    let mut wrong = unmet(&report, &ladder.expectations);
    wrong.extend(violations(&report));
    assert!(wrong.is_empty(), "{name}:\n  {}", wrong.join("\n  "));
}

/// The challenged REGISTER was due, the registration was not: the sweep asked for ever.
#[test]
fn an_unanswered_registration_does_not_hold_up_the_rest() {
    check(
        "unanswered-registration",
        "host a 10.0.0.1:5060\n\
         host b 10.0.0.2:5060\n\
         0     a > b REGISTER 1\n\
         0.1   b > a 401 REGISTER 1 ttag=r\n\
         0.2   a > b REGISTER 2 auth=401\n\
         33    a > b OPTIONS 3\n\
         expect register.attempts 1\n\
         expect register.outcomes.timed_out.count 1\n\
         expect requests.by_method[method=OPTIONS].requests 1\n",
    );
}
