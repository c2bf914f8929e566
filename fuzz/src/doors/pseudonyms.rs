//! Keys of pseudonyms, and what gets one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sipstat::anonymize::{MIN_SECRET, Pseudonyms};
use sipstat::dimension::Dimension;

/// Any key (as long as the first byte says), and any text: the same key gives the same pseudonyms,
/// addresses keep what they share, numbers their form, and a name that is long enough to be one does
/// not come back.
pub fn pseudonyms(data: &[u8]) {
    let Some((length, rest)) = data.split_first() else { return };
    let (secret, rest) = rest.split_at(usize::from(length % 40).min(rest.len()));
    let made = Pseudonyms::of_secret(secret);
    assert_eq!(made.is_ok(), secret.len() >= MIN_SECRET);
    let (Ok(mut a), Ok(mut b)) = (made, Pseudonyms::of_secret(secret)) else { return };
    addresses(&mut a, rest);
    let text = String::from_utf8_lossy(rest);
    // The second one has another past.
    b.host("other.example");
    for name in [Pseudonyms::user, Pseudonyms::host, Pseudonyms::call_id, Pseudonyms::path, Pseudonyms::uri] {
        let new = name(&mut a, &text);
        assert_eq!(new, name(&mut b, &text), "{text:?}");
        assert!(!is_telling(&text) || !new.contains(&*text), "{text:?} in {new:?}");
    }
    for words in
        [Pseudonyms::words, Pseudonyms::agent, Pseudonyms::reason, Pseudonyms::method, Pseudonyms::name_addr]
    {
        words(&mut a, &text);
    }
    for dimension in Dimension::ALL {
        a.dimension(dimension, &text);
    }
    a.sentence(&text);
    if let Some(number) = a.number(&text) {
        let form = |s: &str| s.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
        assert_eq!(form(&number), form(&text));
        assert_eq!(b.number(&text), Some(number));
    }
}

/// A word of letters and digits that no table of ours has, and that cannot come back by chance.
fn is_telling(text: &str) -> bool {
    text.len() > 16 && text.bytes().all(|b| b.is_ascii_lowercase())
}

fn addresses(p: &mut Pseudonyms, bytes: &[u8]) {
    let mut v4 = bytes.chunks_exact(4).map(|b| Ipv4Addr::new(b[0], b[1], b[2], b[3]));
    if let (Some(x), Some(y)) = (v4.next(), v4.next()) {
        let [IpAddr::V4(p), IpAddr::V4(q)] = [x, y].map(|ip| p.address(ip.into())) else {
            panic!("a family")
        };
        assert_eq!((x.to_bits() ^ y.to_bits()).leading_zeros(), (p.to_bits() ^ q.to_bits()).leading_zeros());
    }
    let mut v6 = bytes.chunks_exact(16).filter_map(|b| Some(Ipv6Addr::from(<[u8; 16]>::try_from(b).ok()?)));
    if let (Some(x), Some(y)) = (v6.next(), v6.next()) {
        let [IpAddr::V6(p), IpAddr::V6(q)] = [x, y].map(|ip| p.address(ip.into())) else {
            panic!("a family")
        };
        assert_eq!((x.to_bits() ^ y.to_bits()).leading_zeros(), (p.to_bits() ^ q.to_bits()).leading_zeros());
    }
}
