//! What is told of one call: `sipstat calls`.

use crate::call::Call;
use crate::sip::Reason;

use super::Pseudonyms;

impl Pseudonyms {
    /// Replaces what names persons, machines and places in `call`.
    pub fn call(&mut self, call: &mut Call) {
        // Its Call-ID as a number stays: it is not shown, and messages are found by it.
        let key = call.attempt.call;
        call.attempt.rename(self);
        call.attempt.call = key;
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
