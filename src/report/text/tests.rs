//! Whole screens against files, and the promises that hold for every one of them.

use super::*;
use crate::call::{Detail, Flag, Outcome};
use crate::flow::{Endpoint, FrameId};
use crate::report::{escape, golden, sample};
use crate::stats::summary::{Invite, Note, RateKind, TlsRow};
use crate::stats::{Counts, Ratio};

fn coloured(summary: &Summary, columns: usize, full: bool) -> String {
    let mut out = Vec::new();
    write(summary, &Options { columns, full }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(summary: &Summary, columns: usize, full: bool) -> String {
    anstream::adapter::strip_str(&coloured(summary, columns, full)).to_string()
}

fn line(summary: &Summary) -> String {
    let mut out = Vec::new();
    write_line(summary, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A summary in which every block has everything to say at once.
fn crowded() -> Summary {
    let mut s = sample::trunk();
    s.input.complete = false;
    s.input.exact = false;
    s.input.evicted = vec![("transactions".into(), 12_000), ("names".into(), 3)];
    s.input.tls = vec![TlsRow { port: 5061, flows: 14, ..TlsRow::default() }];
    let damaged = sample::registrations().input.files.remove(1);
    s.input.files.extend(std::iter::repeat_n(damaged, 9));
    for o in &mut s.invite.outcomes {
        o.count = o.count.max(7);
        o.share = o.share.filter(|x| *x > 0.0).or(Some(0.0007));
    }
    s.invite.rates.push((RateKind::NerQ850, Ratio::new(8_000, 9_970)));
    s.invite.rates.push((RateKind::AsrWithoutScanners, Ratio::new(5_850, 9_100)));
    let hop = s.invite.next_hops[0].clone();
    s.invite.next_hops.extend(std::iter::repeat_n(hop, 9));
    s.invite.release.refresh_failed = 44;
    s.register = sample::registrations().register;
    for block in [Block::Input, Block::Outcomes, Block::Rates, Block::Calls, Block::Failures] {
        for _ in 0..3 {
            let text = "Requests only: everything looks timed out, so counts are printed and rates are not; capture \
                        both directions"
                .into();
            s.notes.push(Note {
                id: "requests_only",
                block,
                text,
                count: 1,
                first: Some(FrameId::default()),
            });
        }
    }
    s
}

/// A week of a large carrier: numbers, names and addresses as long as they get.
fn vast() -> Summary {
    let mut s = sample::trunk();
    let k = 1_000;
    let scale = |c: &mut Counts| {
        *c = Counts {
            first: c.first * k,
            retransmissions: 1_000_000 + c.retransmissions * k,
            capture_duplicates: 2_000_000,
            hop_copies: c.first * k,
        }
    };
    s.input.files[0].path = "/captures/very/long".repeat(20);
    s.input.frames *= k;
    s.input.fates.iter_mut().for_each(|(_, n)| *n *= k);
    s.messages.total *= k;
    scale(&mut s.messages.counts);
    scale(&mut s.responses.counts);
    s.requests.iter_mut().for_each(|r| scale(&mut r.counts));
    s.responses.by_class.iter_mut().for_each(|r| scale(&mut r.counts));
    s.responses.by_code.iter_mut().for_each(|r| scale(&mut r.counts));
    for r in &mut s.responses.by_method {
        scale(&mut r.counts);
        r.finals *= k;
        r.challenges = r.finals / 2;
        r.inner = r.finals / 3;
    }
    s.responses.method_classes.iter_mut().flatten().for_each(|n| *n *= k);
    s.failures.total *= k;
    s.failures.finals *= k;
    s.failures.by_method_and_code.iter_mut().for_each(|r| r.failures *= k);
    s.failures.by_method_and_code[1].method = "AN-EXTENSION-METHOD-OF-SOME-VENDOR".into();
    let i = &mut s.invite;
    i.attempts *= k;
    i.bids *= k;
    i.decided *= k;
    i.outcomes.iter_mut().for_each(|o| {
        o.count *= k;
        o.codes.iter_mut().for_each(|(_, n)| *n *= k);
    });
    i.rates.iter_mut().for_each(|(_, r)| *r = Ratio::new(r.numerator * k, r.denominator * k));
    for h in i.next_hops.iter_mut().chain(&mut i.all_next_hops) {
        h.address = h.address.map(|_| Endpoint::new([0x2001, 0xdb8, 1, 2, 3, 4, 5, 0x6789], 50_600));
        h.bids *= k;
        h.answered *= k;
        h.silent *= k;
        h.codes.iter_mut().for_each(|(_, n)| *n *= k);
    }
    s.silence.iter_mut().for_each(|r| {
        r.unanswered *= k;
        r.requests *= k;
        r.destination = r.destination.map(|_| Endpoint::new([0x2001, 0xdb8, 1, 2, 3, 4, 5, 0x6789], 50_600));
    });
    s.response_time[0].0 = "AN-EXTENSION-METHOD-OF-SOME-VENDOR".into();
    s.phrases[0].text = Some("a reason phrase that its author never meant to end ".repeat(9));
    s
}

#[test]
fn a_trunk_with_an_incident_on_one_screen() {
    golden::check("trunk-80.txt", &text(&sample::trunk(), 80, false));
    golden::check("trunk-120.txt", &text(&sample::trunk(), 120, false));
}

#[test]
fn everything_about_a_trunk() {
    golden::check("trunk-full-80.txt", &text(&sample::trunk(), 80, true));
    golden::check("trunk-full-120.txt", &text(&sample::trunk(), 120, true));
}

#[test]
fn registrations_take_the_place_of_calls() {
    golden::check("registrations-80.txt", &text(&sample::registrations(), 80, false));
}

#[test]
fn a_capture_without_sip_explains_itself() {
    golden::check("nothing-80.txt", &text(&sample::nothing(), 80, false));
    assert!(text(&Summary::default(), 80, false).contains("holds no frames"));
}

#[test]
fn a_week_of_a_large_carrier() {
    golden::check("vast-full-80.txt", &text(&vast(), 80, true));
}

#[test]
fn everything_at_once_on_one_screen() {
    golden::check("crowded-80.txt", &text(&crowded(), 80, false));
}

#[test]
fn notes_come_before_rows_where_room_is_short() {
    let mut s = sample::trunk();
    let note = |block, text: &str| Note { id: "test", block, text: text.into(), count: 1, first: None };
    s.notes = vec![
        note(Block::Rates, "Requests are missing in one direction: rates are too high"),
        note(Block::Failures, "10.0.1.10 looks like a B2BUA: 4,981 attempts arrived there and 5,012 left it"),
    ];
    let text = text(&s, 80, false);
    assert!(text.lines().count() <= SCREEN);
    assert!(text.contains("  Note: Requests are missing in one direction: rates are too high\n"));
    assert!(text.contains("  Note: 10.0.1.10 looks like a B2BUA") && !text.contains("more note"));
}

#[test]
fn one_line_for_alarms() {
    assert_eq!(
        line(&sample::trunk()),
        "trunk-1400.pcapng: complete, 10,000 INVITE attempts, ASR 58.68% (5,850/9,970), NER 87.52% (8,726/9,970) \
         to 89.72% (8,945/9,970), network or platform 4.55% (454/9,970), PDD p50 2.31 s, p95 5.84 s, p99 9.02 s\n"
    );
    assert_eq!(
        line(&sample::registrations()),
        "edge-01.pcap and 1 more file: incomplete, 3,050 REGISTER attempts, IRA 1.48% (45/3,040)\n"
    );
    assert_eq!(line(&sample::nothing()), "media only.pcap: complete, no SIP in 1,000 frames\n");
}

#[test]
fn no_line_is_too_wide_or_ends_in_blanks_and_no_screen_is_too_long() {
    for summary in
        [sample::trunk(), sample::registrations(), sample::nothing(), crowded(), vast(), Summary::default()]
    {
        for columns in [80, 100, 120, 200] {
            for full in [false, true] {
                let text = text(&summary, columns, full);
                for line in text.lines() {
                    assert!(escape::width(line) <= columns, "{columns}: {line}");
                    assert_eq!(line.trim_end(), line);
                }
                assert!(full || text.lines().count() <= SCREEN, "{columns}:\n{text}");
                assert!(!text.contains("\n\n\n"));
            }
        }
    }
}

#[test]
fn colours_are_ours_and_nothing_foreign_gets_through() {
    let mut s = crowded();
    let nasty = "x\u{1b}[2Jy\u{202e}z\nnew line".to_owned();
    s.input.files[0].path.clone_from(&nasty);
    s.input.files[1].path.clone_from(&nasty);
    s.input.files[1].problem = Some(nasty.clone());
    s.input.tls[0].server_name = Some(nasty.clone());
    s.requests[0].method.clone_from(&nasty);
    s.responses.by_method[1].method.clone_from(&nasty);
    s.failures.by_method_and_code[0].method.clone_from(&nasty);
    s.response_time[0].0.clone_from(&nasty);
    s.silence[0].method.clone_from(&nasty);
    s.reasons[0].carried_by.clone_from(&nasty);
    s.reasons[0].protocol.clone_from(&nasty);
    s.reasons[0].location = Some(nasty.clone());
    s.reasons[0].text = Some(nasty.clone());
    s.phrases[0].text = Some(nasty.clone());
    s.warnings[0].text = Some(nasty.clone());
    s.notes[0].text.clone_from(&nasty);
    let mut without_calls = s.clone();
    without_calls.invite = Invite::default();
    let mut without_sip = s.clone();
    without_sip.messages.total = 0;
    for s in [&s, &without_calls, &without_sip] {
        for full in [false, true] {
            let text = coloured(s, 80, full);
            let ours = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[33m"];
            let plain = ours.iter().fold(text, |t, code| t.replace(code, ""));
            assert!(plain.contains("x\\u{1b}[2Jy\\u{202e}z"));
            for line in plain.lines() {
                assert_eq!(escape::escape(line), line);
                assert!(!line.starts_with("new line"));
            }
        }
        assert_eq!(line(s).lines().count(), 1);
        assert_eq!(escape::escape(line(s).trim_end()), line(s).trim_end());
    }
}

#[test]
fn a_failure_rate_of_invite_is_never_printed() {
    let s = sample::trunk();
    let rate = s.responses.by_method.iter().find(|r| r.method == "INVITE").map(|r| r.failure_rate).unwrap();
    let rates = [rate, s.failures.rate].map(|r| format!("{:.2}%", r.value().unwrap() * 100.0));
    for full in [false, true] {
        let text = text(&s, 80, full);
        assert!(rates.iter().all(|r| !text.contains(r)), "{rates:?}");
    }
}

#[test]
fn a_rate_that_the_capture_cannot_support_shows_its_fraction_only() {
    let mut s = sample::trunk();
    for (_, r) in &mut s.invite.rates {
        r.suppressed = true;
    }
    assert!(text(&s, 80, false).contains("ASR      n/a  5,850/9,970"));
}

#[test]
fn ner_by_cause_is_printed_only_where_causes_support_it() {
    let mut s = sample::trunk();
    let by_cause = Ratio::new(8_000, 9_970);
    s.invite.rates.push((RateKind::NerQ850, Ratio { suppressed: true, ..by_cause }));
    assert!(!text(&s, 80, false).contains("Q.850"));
    s.invite.rates.pop();
    s.invite.rates.push((RateKind::NerQ850, by_cause));
    assert!(text(&s, 80, false).contains("  NER by Q.850 cause  80.24%  8,000/9,970\n"));
}

#[test]
fn zero_rows_are_absent() {
    let mut s = sample::trunk();
    let text_before = text(&s, 80, false);
    assert!(!text_before.contains("Authentication failed"));
    for o in &mut s.invite.outcomes {
        if o.outcome == Outcome::AuthFailed {
            o.count = 1;
            o.details = vec![(Detail::NotRetried, 1)];
        }
    }
    s.invite.flags.retain(|(f, _)| *f != Flag::AnsweredNoAck);
    let text = text(&s, 80, false);
    assert!(text.contains("Authentication failed") && text.contains("not retried 1"));
    assert!(text_before.contains("without ACK 3") && !text.contains("without ACK"));
}
