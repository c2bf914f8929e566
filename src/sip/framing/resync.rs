//! The framer out of step: what a search finds, what becomes of a head that never ends.
//!
//! In: bytes after a gap, a failed frame or the middle of a message. Out: the state in which
//! framing goes on, or bytes passed over, counted. A start line may stand in a body (`message/sipfrag`,
//! RFC 3420), so after a search a head must show Via, CSeq and Call-ID before it is believed.

use super::search::{Found, find_start, last_start};
use super::{Framed, Framer, Role, State};
use crate::sip::Message;
use crate::sip::bytes::after;
use crate::sip::header;
use crate::sip::line::{EmptyLine, line_end};
use crate::sip::scan::{Ending, Head, scan_head};

impl Framer {
    /// Searches `rest`.
    pub(super) fn search<'d>(
        &mut self,
        at_line_start: bool,
        rest: &'d [u8],
        sink: &mut impl FnMut(Framed<'_>),
    ) -> &'d [u8] {
        match find_start(rest, at_line_start) {
            Found::Start(at) => {
                self.skip(at);
                self.begin(Role::Candidate, after(rest, at), sink)
            }
            Found::Tail(at) => {
                self.skip(at);
                self.held = after(rest, at).to_vec();
                let empty = EmptyLine::default();
                self.state = State::Head { role: Role::Candidate, line_done: false, empty };
                &[]
            }
            Found::Nothing { at_line_start } => {
                self.skip(rest.len());
                self.state = State::Lost { at_line_start };
                &[]
            }
        }
    }

    /// A head that was found by a search becomes a message if it shows that it is one. A start
    /// line further down in it is the better one: the first was quoted in a body.
    pub(super) fn confirm<'h>(
        &mut self,
        role: Role,
        mut head: &'h [u8],
        mut message: Message<'h>,
        ending: Ending,
        sink: &mut impl FnMut(Framed<'_>),
    ) -> Option<(&'h [u8], Message<'h>)> {
        if role == Role::Candidate {
            if let Some(at) = last_start(head) {
                self.skip(at);
                head = after(head, at);
                message = Message::blank();
                scan_head(head, ending, &mut message);
            }
            let named = message.cseq.is_some() && message.call_id.is_some() && !message.vias.is_empty();
            if !named || !a_header_follows(head) {
                self.skip(head.len());
                return None;
            }
            self.resync(sink);
        }
        self.sip = true;
        Some((head, message))
    }

    /// Ends what is held of a message, which will not be completed.
    pub(super) fn cut(&mut self, sink: &mut impl FnMut(Framed<'_>)) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Head { role, line_done: true, .. } => self.truncated(role, &held, sink),
            _ => self.skip(held.len()),
        }
    }

    /// Reports what `head`, which never ended, holds.
    pub(super) fn truncated(&mut self, role: Role, head: &[u8], sink: &mut impl FnMut(Framed<'_>)) {
        let mut message = Message::blank();
        if role != Role::Rejected
            && let Head::Message(_) = scan_head(head, Ending::Cut, &mut message)
            && let Some((_, message)) = self.confirm(role, head, message, Ending::Cut, sink)
        {
            sink(Framed::Truncated(message));
        }
    }
}

/// Whether the line after the start line is a header.
fn a_header_follows(head: &[u8]) -> bool {
    let lines = line_end(head, 0).map_or(&[][..], |end| after(head, end.next));
    let line = lines.get(..line_end(lines, 0).map_or(lines.len(), |end| end.at));
    line.is_some_and(|line| header::split(line).is_some())
}
