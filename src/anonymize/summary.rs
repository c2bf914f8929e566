//! Every value of a [`Summary`] that names somebody, replaced in its place.
//!
//! Each struct is taken apart field by field where it holds foreign text or addresses, so that a new
//! field of that kind has its line here. Sentences come last: they quote what was replaced before.
//! Where rows tie, they stand in the order of their new keys.

use crate::dimension::Dimension;
use crate::stats::summary::{Calls, Finding, Group, SampleCall, SilenceRow};
use crate::stats::{Counts, Summary};

use super::Pseudonyms;

impl Pseudonyms {
    /// Replaces what names persons, machines and places in all of `summary`.
    pub fn summary(&mut self, summary: &mut Summary) {
        self.input(summary);
        self.invite(summary);
        self.methods(summary);
        self.texts(summary);
        self.calls(&mut summary.calls);
        summary.groups.iter_mut().for_each(|group| self.group(group));
        summary.findings.iter_mut().for_each(|finding| self.finding(finding));
        self.sentences(summary);
    }

    fn input(&mut self, summary: &mut Summary) {
        let input = &mut summary.input;
        for file in &mut input.files {
            file.path = self.path(&file.path);
        }
        for skipped in &mut input.skipped {
            skipped.path = self.path(&skipped.path.to_string_lossy()).into();
        }
        for row in &mut input.tls {
            row.server_name = row.server_name.as_deref().map(|name| self.host(name));
        }
        input.tls.sort_by(|a, b| {
            (b.bytes, b.flows)
                .cmp(&(a.bytes, a.flows))
                .then_with(|| (a.port, &a.server_name).cmp(&(b.port, &b.server_name)))
        });
    }

    fn invite(&mut self, summary: &mut Summary) {
        let invite = &mut summary.invite;
        for hop in &mut invite.next_hops {
            hop.address = hop.address.map(|at| self.endpoint(at));
        }
        invite.next_hops.sort_by(|a, b| (b.bids, a.address).cmp(&(a.bids, b.address)));
        for reason in &mut invite.release.reasons {
            reason.protocol = self.words(&reason.protocol);
        }
        for row in &mut summary.silence {
            row.destination = row.destination.map(|at| self.endpoint(at));
        }
    }

    fn methods(&mut self, summary: &mut Summary) {
        let rows = summary.requests.iter_mut().map(|r| &mut r.method);
        let rows = rows.chain(summary.responses.by_method.iter_mut().map(|r| &mut r.method));
        let rows = rows.chain(summary.responses.by_method_and_code.iter_mut().map(|r| &mut r.method));
        let rows = rows.chain(summary.failures.by_code.iter_mut().map(|r| &mut r.method));
        let rows = rows.chain(summary.failures.by_method_and_code.iter_mut().map(|r| &mut r.method));
        let rows = rows.chain(summary.response_time.iter_mut().map(|(method, _)| method));
        let rows = rows.chain(summary.first_reply.iter_mut().map(|(method, _)| method));
        let rows = rows.chain(summary.silence.iter_mut().map(|r| &mut r.method));
        let buckets = summary.timeline.iter_mut().flat_map(|t| &mut t.buckets);
        let rows = rows.chain(buckets.flat_map(|b| b.codes.iter_mut().map(|(method, _, _)| method)));
        let rows = rows.chain(summary.reasons.iter_mut().map(|r| &mut r.carried_by));
        rows.for_each(|method| *method = self.method(method));
        in_order(summary);
    }

    fn texts(&mut self, summary: &mut Summary) {
        for row in &mut summary.reasons {
            row.protocol = self.words(&row.protocol);
            row.location = row.location.as_deref().map(|text| self.words(text));
            row.text = row.text.as_deref().map(|text| self.words(text));
        }
        for row in &mut summary.phrases {
            row.text = row.text.as_deref().map(|text| self.words(text));
        }
        for row in &mut summary.warnings {
            // The code, which is a number of SIP (RFC 3261 20.43), and the warner's words.
            row.text = row.text.as_deref().map(|text| match text.split_once(' ') {
                Some((code, words)) => format!("{code} {}", self.words(words)),
                None => text.to_owned(),
            });
        }
    }

    fn calls(&mut self, calls: &mut Calls) {
        for cell in &mut calls.cells {
            cell.method = self.method(&cell.method);
            self.samples(&mut cell.calls);
        }
        calls.cells.sort_by(|a, b| (&a.method, a.status).cmp(&(&b.method, b.status)));
        calls.outcomes.iter_mut().for_each(|(_, calls)| self.samples(calls));
        calls.slowest.iter_mut().for_each(|(_, calls)| self.samples(calls));
    }

    fn samples(&mut self, calls: &mut [SampleCall]) {
        for call in calls {
            call.call_id = self.call_id(&call.call_id);
        }
    }

    fn group(&mut self, group: &mut Group) {
        let dimensions = &group.dimensions;
        for row in &mut group.rows {
            for (value, dimension) in row.key.iter_mut().zip(dimensions) {
                *value = value.as_deref().map(|v| self.dimension(*dimension, v));
            }
        }
    }

    /// A value of `dimension`, as groups and findings write it.
    pub fn dimension(&mut self, dimension: Dimension, value: &str) -> String {
        match dimension {
            Dimension::Source
            | Dimension::Destination
            | Dimension::Peer
            | Dimension::Hop
            | Dimension::Listen
            | Dimension::Trunk => self.places(dimension, value),
            Dimension::FromDomain | Dimension::ToDomain | Dimension::UriDomain => self.host(value),
            Dimension::File => self.path(value),
            Dimension::Method => self.method(value),
            Dimension::UserAgent | Dimension::Server => self.agent(value),
            Dimension::Prefix => self.prefix(value),
            Dimension::Cause => self.words_of_cause(value),
            Dimension::Direction
            | Dimension::Interface
            | Dimension::Vlan
            | Dimension::Transport
            | Dimension::Code
            | Dimension::Class
            | Dimension::Outcome => value.to_owned(),
        }
    }

    /// Addresses with what stands between them; names that the user gave to trunks.
    fn places(&mut self, dimension: Dimension, value: &str) -> String {
        match dimension {
            Dimension::Trunk if value.parse::<std::net::IpAddr>().is_err() => {
                let new = format!("trunk-{}", self.key.hex("trunk", value, 6));
                self.remember(value, &new);
                new
            }
            _ => {
                let parts: Vec<String> = value.split(' ').map(|part| self.place(part)).collect();
                parts.join(" ")
            }
        }
    }

    /// An address with a port or without; anything else (an arrow, `udp`) stays.
    fn place(&mut self, part: &str) -> String {
        let is_address = part.parse::<std::net::IpAddr>().is_ok()
            || part.parse::<std::net::SocketAddr>().is_ok()
            || part.starts_with('[');
        if is_address { self.host(part) } else { part.to_owned() }
    }

    /// `Q.850 16`, `SIP 200`: a protocol and a number of it.
    fn words_of_cause(&mut self, value: &str) -> String {
        match value.rsplit_once(|c: char| !c.is_ascii_digit()) {
            Some((protocol, cause)) if !cause.is_empty() => {
                let between = &value[protocol.len()..value.len() - cause.len()];
                format!("{}{between}{cause}", self.words(protocol))
            }
            _ => self.words(value),
        }
    }

    fn finding(&mut self, finding: &mut Finding) {
        finding.method = self.method(&finding.method);
        for because in &mut finding.because {
            let new = self.dimension(because.dimension, &because.value);
            self.remember(&because.value, &new);
            because.value = new;
        }
        self.samples(&mut finding.calls);
    }

    fn sentences(&mut self, summary: &mut Summary) {
        let texts = summary.notes.iter_mut().map(|note| &mut note.text);
        let texts = texts.chain(summary.input.files.iter_mut().filter_map(|f| f.problem.as_mut()));
        let texts = texts.chain(summary.input.skipped.iter_mut().map(|s| &mut s.reason));
        let texts = texts.chain(summary.input.filter.as_mut());
        let texts =
            texts.chain(summary.findings.iter_mut().flat_map(|f| [&mut f.id, &mut f.what, &mut f.text]));
        texts.for_each(|text| *text = self.sentence(text));
    }
}

/// Rows that are told apart by names stand in the order of their new ones, where counts are the same.
fn in_order(summary: &mut Summary) {
    let down = |a: &Counts, b: &Counts| (b.first, b.messages()).cmp(&(a.first, a.messages()));
    summary.requests.sort_by(|a, b| down(&a.counts, &b.counts).then_with(|| a.method.cmp(&b.method)));
    let responses = &mut summary.responses;
    // The classes of a method stand in another list at the same place.
    let (methods, classes) =
        (std::mem::take(&mut responses.by_method), std::mem::take(&mut responses.method_classes));
    let mut rows: Vec<_> = methods.into_iter().zip(classes).collect();
    rows.sort_by(|(a, _), (b, _)| down(&a.counts, &b.counts).then_with(|| a.method.cmp(&b.method)));
    (responses.by_method, responses.method_classes) = rows.into_iter().unzip();
    responses.by_method_and_code.sort_by(|a, b| {
        down(&a.counts, &b.counts).then_with(|| (&a.method, a.status).cmp(&(&b.method, b.status)))
    });
    summary.failures.by_method_and_code.sort_by(|a, b| {
        let counts = (b.failures, b.inner).cmp(&(a.failures, a.inner));
        counts.then_with(|| (&a.method, a.status).cmp(&(&b.method, b.status)))
    });
    summary.silence.sort_by(|a, b| {
        let key = |r: &SilenceRow| (r.method.clone(), r.destination);
        b.unanswered.cmp(&a.unanswered).then_with(|| key(a).cmp(&key(b)))
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::pseudonyms;
    use super::*;

    #[test]
    fn places_keep_what_stands_between_addresses() {
        let mut p = pseudonyms();
        let [a, b] = ["10.0.0.1:5060", "10.0.0.2"].map(|h| p.host(h));
        assert_eq!(p.dimension(Dimension::Hop, "10.0.0.1:5060 → 10.0.0.2"), format!("{a} → {b}"));
        assert_eq!(p.dimension(Dimension::Listen, "10.0.0.1:5060 udp"), format!("{a} udp"));
        assert_eq!(p.dimension(Dimension::Cause, "Q.850 16"), "Q.850 16");
        assert_eq!(p.dimension(Dimension::Code, "486"), "486");
        assert!(!p.dimension(Dimension::Trunk, "acme").contains("acme"));
    }
}
