//! What is told of one call: `sipstat calls`.

use crate::call::{Call, Text};
use crate::sip::Reason;

use super::Pseudonyms;

impl Pseudonyms {
    /// Replaces what names persons, machines and places in `call`.
    pub fn call(&mut self, call: &mut Call) {
        let attempt = &mut call.attempt;
        attempt.call_id = self.text(&attempt.call_id, Self::call_id);
        attempt.flow.source = self.endpoint(attempt.flow.source);
        attempt.flow.destination = self.endpoint(attempt.flow.destination);
        for bid in &mut attempt.bids {
            bid.destination = self.endpoint(bid.destination);
        }
        let Some(p) = &mut attempt.particulars else { return };
        p.from = self.text(&p.from, Self::name_addr);
        p.to = self.text(&p.to, Self::name_addr);
        p.uri = self.text(&p.uri, Self::uri);
        p.user_agent = self.text(&p.user_agent, Self::agent);
        p.server = self.text(&p.server, Self::agent);
        p.phrase = self.text(&p.phrase, Self::words);
        p.reason = self.text(&p.reason, Self::reason);
    }

    /// A `Reason` value: its protocol and cause stay, its text is foreign words.
    pub fn reason(&mut self, value: &str) -> String {
        let Some(reason) = Reason::parse(value.as_bytes()) else { return self.words(value) };
        let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
        let mut new = self.words(&text(reason.protocol));
        if let Some(cause) = reason.cause {
            new += &format!(";cause={cause}");
        }
        if let Some(words) = reason.text {
            new += &format!(";text=\"{}\"", self.words(&text(words)));
        }
        new
    }

    fn text(&mut self, old: &Text, new: impl FnOnce(&mut Self, &str) -> String) -> Text {
        if old.is_empty() {
            return Text::default();
        }
        Text::of(new(self, &old.lossy()).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::pseudonyms;

    #[test]
    fn reasons_keep_protocol_and_cause() {
        let mut p = pseudonyms();
        assert_eq!(p.reason("Q.850;cause=16"), "Q.850;cause=16");
        assert_eq!(
            p.reason("SIP ;cause=200 ;text=\"Call completed elsewhere\"").split(";text").next(),
            Some("SIP;cause=200")
        );
        assert!(!p.reason("SIP;cause=486;text=\"alice hung up\"").contains("alice"));
    }
}
