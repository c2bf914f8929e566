//! A message of the world, and its text.

use std::fmt::Write as _;
use std::net::SocketAddr;

/// Number of a host.
pub(super) type Host = usize;

/// One SIP message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Status code; `None` for a request.
    pub(super) code: Option<u16>,
    /// Of the request line and the CSeq; `ACK` has that of its CSeq, too.
    pub(super) method: &'static str,
    /// Number of the call, which makes its Call-ID and its caller's tag.
    pub(super) call: usize,
    pub(super) cseq: u32,
    /// The callee's tag.
    pub(super) tag: Option<u32>,
    /// Hosts and branches, the last hop's first.
    pub(super) vias: Vec<(Host, u32)>,
    /// Credentials, and whether they are right.
    pub(super) credentials: Option<bool>,
    /// It has a session description.
    pub(super) sdp: bool,
    /// Who answered.
    pub(super) contact: Host,
}

impl Message {
    /// An INVITE without a Via.
    pub(super) fn invite(call: usize, cseq: u32, credentials: Option<bool>) -> Self {
        let (vias, tag) = (Vec::new(), None);
        Self { code: None, method: "INVITE", call, cseq, tag, vias, credentials, sdp: true, contact: 0 }
    }

    /// The ACK or CANCEL of this INVITE: the same transaction, whatever is behind (RFC 3261 9.1, 17.1.1.3).
    pub(super) fn of_its_hop(&self, method: &'static str, tag: Option<u32>) -> Self {
        let vias = self.vias[..1].to_vec();
        Self { method, tag, vias, credentials: None, sdp: false, ..self.clone() }
    }

    /// The branch of the hop it is on.
    pub(super) fn branch(&self) -> u32 {
        self.vias[0].1
    }

    /// As bytes on the wire.
    pub(super) fn text(&self, hosts: &[SocketAddr]) -> String {
        let mut text = match self.code {
            Some(code) => format!("SIP/2.0 {code} As It Is\r\n"),
            None => format!("{} sip:b{}@world.example SIP/2.0\r\n", self.method, self.call),
        };
        for (host, branch) in &self.vias {
            let _ = write!(text, "Via: SIP/2.0/UDP {};branch=z9hG4bK-{branch}\r\n", hosts[*host]);
        }
        let tag = self.tag.map_or_else(String::new, |tag| format!(";tag=t{tag}"));
        let call = self.call;
        let _ = write!(
            text,
            "From: <sip:a{call}@world.example>;tag=f{call}\r\nTo: <sip:b{call}@world.example>{tag}\r\n\
             Call-ID: {call}@world.example\r\nCSeq: {} {}\r\n",
            self.cseq, self.method
        );
        if self.code == Some(407) {
            text += "Proxy-Authenticate: Digest realm=\"p\", nonce=\"1\"\r\n";
        }
        if self.credentials.is_some() && self.code.is_none() {
            text += "Proxy-Authorization: Digest username=\"a\", realm=\"p\", nonce=\"1\"\r\n";
        }
        let body = if self.sdp { "v=0\r\ns=-\r\n" } else { "" };
        if self.sdp {
            text += "Content-Type: application/sdp\r\n";
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
        text
    }
}
