//! Tests of whole messages. Rows name what they show; `summary` says what was understood.

mod prefixes;
mod rules;
mod torture;

use super::*;

/// The message in a datagram that was captured whole.
fn message(bytes: &[u8]) -> Message<'_> {
    match scan_datagram(bytes, false) {
        Scan::Message(m) => m,
        other => panic!("{other:?}: {}", bytes.escape_ascii()),
    }
}

/// What was understood: start, `cseq`, `id`, tags, `via`s, length of the body, flags after `!`.
/// What is absent is left out.
fn summary(scan: &Scan<'_>) -> String {
    let m = match scan {
        Scan::Message(m) => m,
        Scan::Rejected(why) => return format!("{why:?}"),
        Scan::Partial => return "partial".to_owned(),
        Scan::NotSip => return "not SIP".to_owned(),
    };
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    let mut words = vec![match m.start {
        Start::Request { method, .. } => text(method.as_bytes()),
        Start::Response { status, .. } => status.get().to_string(),
    }];
    if let Some(cseq) = m.cseq {
        words.push(format!("cseq={} {}", text(cseq.digits), text(cseq.method.as_bytes())));
    }
    words.extend(m.call_id.map(|id| format!("id={}", text(id))));
    words.extend(m.from.and_then(|a| a.tag).map(|tag| format!("from={}", text(tag))));
    words.extend(m.to.and_then(|a| a.tag).map(|tag| format!("to={}", text(tag))));
    if let Some(top) = m.vias.first() {
        let branch = Via::parse(top).and_then(|v| v.branch).unwrap_or(b"-");
        words.push(format!("via={}*{}", text(branch), m.via_count));
    }
    if !m.body.is_empty() {
        words.push(format!("body={}", m.body.len()));
    }
    words.extend(m.oddities.iter().map(|o| format!("!{o:?}")));
    words.join(" ")
}

/// Reads all that a message leaves raw, to see that nothing panics and nothing is slow.
fn parse_values(m: &Message<'_>) {
    for via in &m.vias {
        let _ = Via::parse(via).map(|via| via.has_cookie());
        let _ = Via::without_added_params(via).count();
    }
    for reason in &m.reasons {
        let _ = Reason::parse(reason).map(|r| r.text.map(unquote));
    }
    for value in m.challenges.iter().chain(&m.credentials) {
        let _ = (Challenge::parse(value), Credentials::parse(value));
    }
    for addr in [m.from, m.to].into_iter().flatten() {
        let _ = Uri::parse(addr.uri).map(|uri| uri.number());
    }
    let _ = (m.contact.map(Contact::parse), m.warning.map(Warning::parse));
    let _ = (m.retry_after.map(retry_after_seconds), m.content_type.map(may_hold_sdp));
}
