//! SIP itself: one datagram, a stream, and the values of headers.

use sipstat::sip::{
    Challenge, Contact, Credentials, Framed, Framer, MAX_HEAD, MAX_LISTED_VIAS, MAX_VIAS, Message, NameAddr,
    Params, Peek, Reason, Scan, Uri, Via, Warning, looks_like_sip, peek_datagram, reread,
    retry_after_seconds, scan_datagram, unquote,
};

use super::within;

/// Any datagram: what is a message begins like one, all its parts lie within it, and the short look
/// that chooses a thread sees what the long one sees.
pub fn datagram(data: &[u8]) {
    for cut in [false, true] {
        let peek = peek_datagram(data, cut);
        match scan_datagram(data, cut) {
            Scan::Message(m) => {
                assert!(looks_like_sip(data));
                assert_eq!(peek, Peek::Message { start: m.start, call_id: m.call_id });
                holds(&m, data);
                if !cut {
                    again(&m);
                }
            }
            Scan::Rejected(why) => assert_eq!(peek, Peek::Rejected(why)),
            Scan::Partial => assert_eq!(peek, Peek::Partial),
            Scan::NotSip => assert_eq!(peek, Peek::NotSip),
        }
    }
}

/// Every part of `m` lies within `data`, and lists keep their bounds.
fn holds(m: &Message<'_>, data: &[u8]) {
    assert!(m.head.len() <= MAX_HEAD + 4 && m.vias.len() <= MAX_LISTED_VIAS.min(m.via_count.into()));
    assert!(m.via_count <= MAX_VIAS);
    let parts =
        [m.call_id, m.contact, m.retry_after, m.warning, m.content_type, m.agent, Some(m.head), Some(m.body)];
    assert!(parts.into_iter().flatten().all(|part| within(part, data)));
    let lists = m.vias.iter().chain(&m.reasons).chain(&m.credentials).chain(&m.challenges);
    lists.for_each(|value| {
        assert!(within(value, data));
        self::headers(value);
    });
    for address in [m.from, m.to].into_iter().flatten() {
        assert!(within(address.value, data) && within(address.uri, address.value));
        assert!(address.tag.is_none_or(|t| !t.is_empty() && within(t, address.value)));
    }
    assert!(m.content_length.is_none_or(|n| m.body.len() as u64 <= n));
    assert!(m.call_id.is_none_or(|id| !id.first().is_some_and(|b| matches!(b, b' ' | b'\t'))));
}

/// What a thread is handed is the message again.
fn again(m: &Message<'_>) {
    let head = [m.head, b"\r\n"].concat();
    let Some(same) = reread(&head, true, m.oddities) else { panic!("a head is read once only") };
    assert_eq!((same.start, same.call_id, same.cseq), (m.start, m.call_id, m.cseq));
    assert_eq!((same.from, same.to, same.via_count), (m.from, m.to, m.via_count));
    assert!(same.vias.iter().eq(m.vias.iter()) && same.reasons.iter().eq(m.reasons.iter()));
    assert_eq!(same.agent, m.agent);
}

/// Any stream: where segments end changes nothing, and no more is held than a head may take.
pub fn framing(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else { return };
    let said = |size: usize| {
        let (mut framer, mut said) = (Framer::default(), Vec::new());
        let mut sink = |item: Framed<'_>| match item {
            Framed::Message(m) => said.push((m.call_id.map(<[u8]>::to_vec), m.head.to_vec())),
            Framed::Truncated(m) => said.push((None, m.head.to_vec())),
            _ => {}
        };
        stream.chunks(size).for_each(|segment| {
            framer.bytes(segment, &mut sink);
            assert!(framer.held() <= 2 * MAX_HEAD);
        });
        framer.end(&mut sink);
        said
    };
    let whole = said(stream.len().max(1));
    assert_eq!(said(usize::from(*size).max(1)), whole);
    assert!(whole.iter().map(|(_, head)| head.len()).sum::<usize>() <= stream.len());
}

/// Any value of any header, by everything that reads one.
pub fn headers(data: &[u8]) {
    let name = NameAddr::parse(data);
    assert!(within(name.uri, data) && name.tag.is_none_or(|t| within(t, data)));
    if let Contact::Address { uri, .. } = Contact::parse(data) {
        assert!(within(uri, data));
    }
    if let Some(via) = Via::parse(data) {
        assert!(!via.host.is_empty() && within(via.host, data) && via.branch.is_none_or(|b| within(b, data)));
    }
    let kept: usize = Via::without_added_params(data).map(<[u8]>::len).sum();
    assert!(kept <= data.len());
    for uri in [data, name.uri] {
        if let Some(uri) = Uri::parse(uri) {
            let parts = [Some(uri.scheme), uri.user, uri.host, uri.port, uri.number()];
            assert!(parts.into_iter().flatten().all(|part| within(part, data)));
        }
    }
    // A parameter is found by its name if it is in the list, and the first of a name wins.
    let all: Vec<_> = Params::new(data).collect();
    for (name, value) in &all {
        let first = all.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).and_then(|(_, v)| *v);
        if !name.is_empty() {
            assert_eq!(Params::new(data).get(name), Some(first.unwrap_or_default()), "{value:?}");
        }
    }
    assert!(unquote(data).len() <= data.len());
    Reason::parse(data);
    Challenge::parse(data);
    Credentials::parse(data);
    Warning::parse(data);
    retry_after_seconds(data);
}
