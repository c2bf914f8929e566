//! Messages without a Call-ID or a CSeq: they join no transaction.
//!
//! Such a message is a capture duplicate if the same header bytes passed between the same
//! addresses within the window, else something that happened.

use std::collections::VecDeque;

use crate::flow::{Flow, Origin};
use crate::sip::Message;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{Bin, head_key};

/// Messages remembered; a mirror's copies lie within a few of one another.
const MAX_REMEMBERED: usize = 256;

/// The last of them.
#[derive(Debug, Default)]
pub(super) struct Unkeyed(VecDeque<(u64, Flow, Timestamp)>);

impl Unkeyed {
    /// The bin of `message`; remembers it.
    pub(super) fn bin(&mut self, message: &Message<'_>, origin: &Origin, window: Nanos) -> Bin {
        let (head, time) = (head_key(message), origin.stamp.time);
        while self.0.front().is_some_and(|(_, _, at)| time - *at > window) || self.0.len() >= MAX_REMEMBERED {
            self.0.pop_front();
        }
        let known =
            self.0.iter().any(|(h, flow, at)| *h == head && *flow == origin.flow && *at - time <= window);
        self.0.push_back((head, origin.flow, time));
        if known { Bin::CaptureDuplicate } else { Bin::First }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::fixture::{origin, with_message};

    #[test]
    fn the_same_bytes_between_the_same_ends_within_the_window_are_a_duplicate() {
        let mut seen = Unkeyed::default();
        let mut bin = |text: &str, to: &str, at| {
            with_message(&[text, "Via: SIP/2.0/UDP h"], |m| {
                seen.bin(m, &origin("10.0.0.1:5060", to, at, 1, 0), Nanos::from_millis(100))
            })
        };
        let (b, c) = ("10.0.0.2:5060", "10.0.0.3:5060");
        assert_eq!(bin("SIP/2.0 200 OK", b, 0), Bin::First);
        assert_eq!(bin("SIP/2.0 200 OK", b, 100), Bin::CaptureDuplicate);
        assert_eq!(bin("SIP/2.0 200 OK", c, 100), Bin::First);
        assert_eq!(bin("SIP/2.0 486 Busy", b, 100), Bin::First);
        assert_eq!(bin("SIP/2.0 200 OK", b, 201), Bin::First);
    }
}
