//! Gathers the headers of one message, line by line.
//!
//! In: whole header lines, and perhaps one that was cut. Out: a [`Message`] with its oddities. Does
//! not look for lines, and knows nothing of bodies.

use super::bytes::{leading_number, number, trim};
use super::header::{self, Header};
use super::list::Values;
use super::listed::Listed;
use super::scan::Lines;
use super::{CSeq, MAX_LISTED_VIAS, Message, Method, NameAddr, Oddities, Oddity, Start};

/// Via values that are counted.
pub const MAX_VIAS: u16 = 256;
/// Reasons, challenges and credentials that are listed, each.
pub const MAX_LISTED_VALUES: usize = 8;

/// A message in the making.
pub(super) struct Collector<'m, 'a> {
    message: &'m mut Message<'a>,
    seen: Seen,
    length: Length,
}

/// Which single-value headers were met.
#[derive(Default)]
struct Seen {
    call_id: bool,
    cseq: bool,
    from: bool,
    to: bool,
    preferred_agent: bool,
}

/// What the Content-Length headers said.
enum Length {
    Absent,
    Is(u64),
    Bad,
}

impl<'m, 'a> Collector<'m, 'a> {
    /// Gathers into `message`, which holds its start line only.
    pub(super) fn new(message: &'m mut Message<'a>) -> Self {
        Self { message, seen: Seen::default(), length: Length::Absent }
    }

    /// A line in which no usual header shows at once.
    #[inline(never)]
    fn unusual(&mut self, line: &'a [u8]) {
        match header::split(line) {
            Some((Header::Other | Header::Unread, _)) => {}
            Some((header, value)) => self.header(header, value),
            None => self.flag(Oddity::BadHeaderLine),
        }
    }

    #[inline(never)]
    fn header(&mut self, header: Header, value: &'a [u8]) {
        let m = &mut *self.message;
        match header {
            Header::Other | Header::Unread => {}
            Header::Via => self.vias(value),
            Header::From => self.from(value),
            Header::To => self.to(value),
            Header::CallId => self.call_id(value),
            Header::CSeq => self.cseq(value),
            Header::Contact => self.contact(value),
            Header::ContentType => m.content_type = m.content_type.or(non_empty(value)),
            Header::ContentLength => self.length(value),
            Header::Expires => m.expires = m.expires.or_else(|| leading_number(value)),
            Header::Reason => {
                for reason in Values::new(value) {
                    list(&mut m.reasons, reason.value, &mut m.oddities);
                }
            }
            Header::RetryAfter => m.retry_after = m.retry_after.or(non_empty(value)),
            Header::RSeq => m.rseq = m.rseq.or_else(|| u32::try_from(number(value)?).ok()),
            Header::Server | Header::UserAgent => self.agent(header, value),
            Header::Warning => m.warning = m.warning.or_else(|| Values::first(value)),
            Header::Credentials => list(&mut m.credentials, value, &mut m.oddities),
            Header::Challenge => list(&mut m.challenges, value, &mut m.oddities),
        }
    }

    #[inline(always)]
    fn from(&mut self, value: &'a [u8]) {
        if first(&mut self.seen.from, self.message) && !value.is_empty() {
            self.message.from.insert(NameAddr { value, uri: value, tag: None }).read();
        }
    }

    #[inline(always)]
    fn to(&mut self, value: &'a [u8]) {
        if first(&mut self.seen.to, self.message) && !value.is_empty() {
            self.message.to.insert(NameAddr { value, uri: value, tag: None }).read();
        }
    }

    #[inline(always)]
    fn call_id(&mut self, value: &'a [u8]) {
        if first(&mut self.seen.call_id, self.message) {
            self.message.call_id = non_empty(value);
        }
    }

    #[inline(always)]
    fn cseq(&mut self, value: &'a [u8]) {
        if first(&mut self.seen.cseq, self.message) {
            match CSeq::plain(value) {
                Some(cseq) => self.message.cseq = Some(cseq),
                None => self.any_cseq(value),
            }
        }
    }

    #[inline(never)]
    fn any_cseq(&mut self, value: &'a [u8]) {
        let (cseq, good) = CSeq::any(value);
        self.message.cseq = cseq;
        if !good {
            self.flag(Oddity::BadCseq);
        }
    }

    #[inline(always)]
    fn contact(&mut self, value: &'a [u8]) {
        if self.message.contact.is_none() {
            self.message.contact = Values::first(value);
        }
    }

    #[inline(always)]
    fn length(&mut self, value: &'a [u8]) {
        self.length = match (&self.length, number(value)) {
            (Length::Absent, Some(n)) => Length::Is(n),
            (Length::Is(before), Some(n)) if *before == n => Length::Is(n),
            _ => Length::Bad,
        };
    }

    /// A request's own is User-Agent, a response's Server; the other one will do.
    #[inline(always)]
    fn agent(&mut self, header: Header, value: &'a [u8]) {
        let m = &mut *self.message;
        let preferred = (header == Header::UserAgent) == matches!(m.start, Start::Request { .. });
        if m.agent.is_none() || preferred && !self.seen.preferred_agent {
            m.agent = non_empty(value).or(m.agent);
            self.seen.preferred_agent |= preferred;
        }
    }

    #[inline(always)]
    fn vias(&mut self, value: &'a [u8]) {
        match Values::only(value) {
            Some(via) => self.via(via),
            None => Values::new(value).for_each(|via| self.via(via.value)),
        }
    }

    #[inline(always)]
    fn via(&mut self, via: &'a [u8]) {
        let m = &mut *self.message;
        if m.via_count < MAX_VIAS {
            m.via_count += 1;
        }
        // Those that find no room are counted above.
        if m.vias.len() < MAX_LISTED_VIAS {
            m.vias.push(via);
        }
    }

    /// Ends the message. `all_seen`: the header section ended, so that what was not met is missing.
    #[inline(always)]
    pub(super) fn finish(mut self, all_seen: bool) {
        if all_seen && !self.seen.cseq {
            self.flag(Oddity::BadCseq);
        }
        match self.length {
            Length::Absent => {}
            Length::Is(n) => self.message.content_length = Some(n),
            Length::Bad => self.flag(Oddity::BadContentLength),
        }
        let cseq = self.message.cseq.map(|cseq| cseq.method);
        match (self.message.start, cseq) {
            (Start::Response { .. }, Some(Method::Ack)) => self.flag(Oddity::ResponseToAck),
            (Start::Request { method, .. }, Some(cseq)) if method != cseq => {
                self.flag(Oddity::MethodMismatch)
            }
            _ => {}
        }
        let methods = [self.message.request_method(), cseq];
        if methods.iter().any(|m| matches!(m, Some(Method::Other(_))))
            && methods.into_iter().flatten().any(odd_case)
        {
            self.flag(Oddity::OddMethodCase);
        }
    }
}

impl<'a> Lines<'a> for Collector<'_, 'a> {
    #[inline(always)]
    fn line(&mut self, line: &'a [u8]) -> bool {
        match header::usual(line) {
            Some((Header::Via, value)) => self.vias(trim(value)),
            Some((Header::From, value)) => self.from(trim(value)),
            Some((Header::To, value)) => self.to(trim(value)),
            Some((Header::CallId, value)) => self.call_id(trim(value)),
            Some((Header::CSeq, value)) => self.cseq(trim(value)),
            Some((Header::Unread, _)) => {}
            Some((Header::Contact, value)) => self.contact(trim(value)),
            Some((Header::ContentLength, value)) => self.length(trim(value)),
            Some((header @ (Header::UserAgent | Header::Server), value)) => self.agent(header, trim(value)),
            Some((header, value)) => self.header(header, trim(value)),
            None => self.unusual(line),
        }
        true
    }

    /// Only values that a comma closes are whole; half of any other is another one.
    fn cut_line(&mut self, line: &'a [u8]) {
        if let Some((Header::Via, value)) = header::split(line) {
            for via in Values::new(value).filter(|v| v.closed) {
                self.via(via.value);
            }
        }
    }

    fn flag(&mut self, oddity: Oddity) {
        self.message.oddities.insert(oddity);
    }
}

/// Notes that a single-value header was met; whether it is the first, which is used (RFC 4475
/// 3.3.8).
fn first(seen: &mut bool, m: &mut Message<'_>) -> bool {
    if *seen {
        m.oddities.insert(Oddity::DupHeader);
    }
    !std::mem::replace(seen, true)
}

/// Lists `value`, if there is room.
fn list<'a>(values: &mut Listed<'a, 2>, value: &'a [u8], oddities: &mut Oddities) {
    if values.len() == MAX_LISTED_VALUES {
        oddities.insert(Oddity::TooManyHeaders);
    } else if !value.is_empty() {
        values.push(value);
    }
}

/// Whether `method` is a registered one's name in another case.
fn odd_case(method: Method<'_>) -> bool {
    match method {
        Method::Other(token) => Method::REGISTERED.iter().any(|m| m.as_bytes().eq_ignore_ascii_case(token)),
        _ => false,
    }
}

fn non_empty(value: &[u8]) -> Option<&[u8]> {
    (!value.is_empty()).then_some(value)
}
