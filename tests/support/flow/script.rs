//! Statements of a script, one by one, into a [`Ladder`].

use std::collections::BTreeMap;

use super::message::{Call, Composer, Host};
use super::text::{Line, Options, bytes_of, hex, lines, seconds, words_and_headers};
use super::tunnel::Tunnel;
use super::wire::{Flag, Link, Wire};
use super::{Expectation, Format, Ladder, Sent, Tap};

/// 2026-03-03 14:00:00 UTC.
const START: u64 = 1_772_546_400;

pub(crate) fn parse(script: &str) -> Result<Ladder, String> {
    let lines = lines(script)?;
    let mut parser = Parser {
        ladder: Ladder { interfaces: vec![Link::Ethernet], taps: vec![Tap::default()], ..Ladder::default() },
        composer: Composer::default(),
        start: START * 1_000_000_000,
        call: "c1".into(),
        with: Vec::new(),
        labels: BTreeMap::new(),
        last: None,
    };
    let mut i = 0;
    while let Some(line) = lines.get(i) {
        // `|` lines belong to the statement above them.
        let block = lines[i + 1..].iter().take_while(|l| l.text.starts_with('|')).count();
        let body = &lines[i + 1..i + 1 + block];
        parser.statement(line, body).map_err(|e| format!("line {}: {e}", line.number))?;
        i += 1 + block;
    }
    if !parser.ladder.container.unsorted {
        parser.ladder.sent.sort_by_key(|s| s.time);
    }
    Ok(parser.ladder)
}

struct Parser {
    ladder: Ladder,
    composer: Composer,
    start: u64,
    /// Name of the call that lines without `call=` belong to.
    call: String,
    /// Options of the `with` in force.
    with: Vec<String>,
    labels: BTreeMap<String, Sent>,
    last: Option<Sent>,
}

impl Parser {
    fn statement(&mut self, line: &Line, body: &[Line]) -> Result<(), String> {
        if let Some(rest) = line.text.strip_prefix("expect ") {
            let (path, value) = rest.trim().rsplit_once(' ').ok_or("expect PATH VALUE")?;
            let (path, value) = (path.trim().to_string(), value.trim_matches('"').to_string());
            self.ladder.expectations.push(Expectation { line: line.number, path, value });
            return Ok(());
        }
        let (words, headers) = words_and_headers(&line.text);
        let (first, rest) = words.split_first().ok_or("empty line")?;
        match first.as_str() {
            "host" => self.host(rest),
            "call" => self.call(rest),
            "tap" => self.tap(rest),
            "file" => self.file(rest),
            "fixed" => {
                self.ladder.fixed = true;
                Ok(())
            }
            "with" => {
                self.with = rest.to_vec();
                Ok(())
            }
            "start" => {
                self.start = rest.first().and_then(|w| seconds(w)).ok_or("start EPOCH_SECONDS")?;
                Ok(())
            }
            _ => self.event(line, first, rest, headers, body),
        }
    }

    fn host(&mut self, words: &[String]) -> Result<(), String> {
        let [name, address, rest @ ..] = words else { return Err("host NAME ADDRESS:PORT".into()) };
        let mut options = Options::new(rest);
        let via = options.take("via").unwrap_or(address.clone());
        let address = address.parse().map_err(|_| format!("address {address:?}"))?;
        self.composer.hosts.insert(name.clone(), Host { address, via });
        options.finish()
    }

    fn call(&mut self, words: &[String]) -> Result<(), String> {
        let (name, rest) = words.split_first().ok_or("call NAME")?;
        let mut options = Options::new(rest);
        let mut call = Call::new(name);
        call.id = options.take("id").unwrap_or(call.id);
        call.ftag = options.take("ftag").unwrap_or(call.ftag);
        call.from = options.take("from").unwrap_or(call.from);
        call.to = options.take("to").unwrap_or(call.to);
        self.composer.calls.entry(name.clone()).or_insert(call);
        self.call.clone_from(name);
        options.finish()
    }

    fn tap(&mut self, words: &[String]) -> Result<(), String> {
        let (name, rest) = words.split_first().ok_or("tap NAME")?;
        let mut options = Options::new(rest);
        if self.ladder.taps[0].name.is_empty() {
            self.ladder.taps.clear();
            self.ladder.interfaces.clear();
        }
        let interface = match options.take("same") {
            Some(other) => self.ladder.taps[self.tap_named(&other)?].interface,
            None => {
                self.ladder.interfaces.push(Link::named(&options.take("link").unwrap_or("ethernet".into()))?);
                self.ladder.interfaces.len() - 1
            }
        };
        let tunnel = options.take("tunnel").map(|t| Tunnel::named(&t)).transpose()?;
        let vlans = options.numbers("vlan")?.unwrap_or_default();
        let delay = options.seconds("delay")?.unwrap_or(0);
        self.ladder.taps.push(Tap { name: name.clone(), interface, vlans, tunnel, delay });
        options.finish()
    }

    fn tap_named(&self, name: &str) -> Result<usize, String> {
        self.ladder.taps.iter().position(|t| t.name == name).ok_or(format!("no tap {name:?}"))
    }

    fn file(&mut self, words: &[String]) -> Result<(), String> {
        let mut options = Options::new(words);
        let container = &mut self.ladder.container;
        if options.flag("pcap") {
            container.format = Some(Format::Pcap);
        } else if options.flag("pcapng") {
            container.format = Some(Format::Pcapng);
        }
        container.nanoseconds = options.flag("ns");
        container.big_endian = options.flag("be");
        container.unsorted = options.flag("unsorted");
        container.gzip = options.flag("gzip");
        container.snap = options.parse("snap")?;
        container.cut = options.parse("cut")?;
        options.finish()
    }

    /// `TIME [FROM > TO] KIND …`
    fn event(
        &mut self,
        line: &Line,
        time: &str,
        words: &[String],
        headers: Vec<(String, String)>,
        body: &[Line],
    ) -> Result<(), String> {
        let time = match (time.strip_prefix('+'), &self.last) {
            (Some(after), Some(last)) => last.time + seconds(after).ok_or("time")?,
            (None, _) => self.start + line.offset + seconds(time).ok_or(format!("unknown word {time:?}"))?,
            (Some(_), None) => return Err("nothing to be after".into()),
        };
        let (ends, words) = match words {
            [from, arrow, to, rest @ ..] if arrow == ">" => (Some((from.clone(), to.clone())), rest),
            rest => (None, rest),
        };
        let (kind, rest) = words.split_first().ok_or("nothing sent")?;
        let mut body_bytes = Vec::new();
        for l in body {
            body_bytes.extend(bytes_of(&l.text)?);
        }

        if kind == "again" {
            let label = rest.first().filter(|w| !w.contains('=') && self.labels.contains_key(*w));
            let mut sent = match label {
                Some(label) => self.labels[label].clone(),
                None => self.last.clone().ok_or("nothing to send again")?,
            };
            if let Some((from, to)) = ends {
                (sent.from, sent.to) = (self.composer.host(&from)?.address, self.composer.host(&to)?.address);
            }
            sent.time = time;
            let mut options = Options::new(&rest[usize::from(label.is_some())..]);
            self.wire_options(&mut sent.wire, &mut options)?;
            return self.push(sent, options);
        }

        let (from, to) = ends.ok_or("FROM > TO")?;
        let addresses = (self.composer.host(&from)?.address, self.composer.host(&to)?.address);
        let mut sent =
            Sent { time, from: addresses.0, to: addresses.1, bytes: body_bytes, wire: Wire::default() };
        let rest = match (kind.as_str(), rest) {
            ("text", rest) => rest,
            ("hex", [digits, rest @ ..]) => {
                sent.bytes = hex(digits)?;
                rest
            }
            ("fin", rest) => {
                sent.wire.flag = Some(Flag::Fin);
                rest
            }
            ("rst", rest) => {
                sent.wire.flag = Some(Flag::Reset);
                rest
            }
            ("icmp", [label, rest @ ..]) => {
                let quoted = self.labels.get(label).ok_or(format!("no label {label:?}"))?;
                sent.bytes.clone_from(&quoted.bytes);
                sent.wire.icmp = Some((quoted.from, quoted.to));
                rest
            }
            (code, [method, cseq, rest @ ..])
                if code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()) =>
            {
                return self.message(sent, [&from, &to], Some(code), [method, cseq], rest, headers);
            }
            (method, [cseq, rest @ ..]) => {
                return self.message(sent, [&from, &to], None, [method, cseq], rest, headers);
            }
            (other, _) => return Err(format!("{other:?} is not complete")),
        };
        let mut options = Options::new(&[&self.with, rest].concat());
        self.wire_options(&mut sent.wire, &mut options)?;
        self.push(sent, options)
    }

    /// A request or response that the composer writes; `sent.bytes` holds the body.
    fn message(
        &mut self,
        mut sent: Sent,
        ends: [&str; 2],
        code: Option<&str>,
        cseq: [&str; 2],
        words: &[String],
        headers: Vec<(String, String)>,
    ) -> Result<(), String> {
        let mut options = Options::new(&[&self.with, words].concat());
        self.wire_options(&mut sent.wire, &mut options)?;
        let call = options.take("call").unwrap_or(self.call.clone());
        let body = std::mem::take(&mut sent.bytes);
        let tcp = sent.wire.transport == super::Transport::Tcp;
        sent.bytes = self.composer.write(&call, ends, code, cseq, &mut options, headers, body, tcp)?;
        self.push(sent, options)
    }

    fn wire_options(&self, wire: &mut Wire, options: &mut Options) -> Result<(), String> {
        if let Some(names) = options.take("on") {
            wire.on = names.split(',').map(|n| self.tap_named(n)).collect::<Result<_, _>>()?;
        }
        wire.update(options)
    }

    fn push(&mut self, sent: Sent, mut options: Options) -> Result<(), String> {
        if let Some(label) = options.take("as") {
            self.labels.insert(label, sent.clone());
        }
        if !options.flag("hidden") {
            self.ladder.sent.push(sent.clone());
        }
        self.last = Some(sent);
        options.finish()
    }
}
