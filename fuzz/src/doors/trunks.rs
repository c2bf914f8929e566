//! Files that name trunks.

use sipstat::flow::{Endpoint, Flow};
use sipstat::trunks::Trunks;

/// Any file: what is understood names a place as it does once saved and read again.
pub fn trunks(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(trunks) = Trunks::parse(text) else { return };
    let saved = serde_json::to_string(&trunks).expect("a map of trunks can be saved");
    let again: Trunks = serde_json::from_str(&saved).expect("and read again");
    assert_eq!(trunks, again);
    for n in 0..=255 {
        let flow = Flow {
            source: Endpoint::new([10, 0, 1, n], 5060),
            destination: Endpoint::new([10, 0, 4, n], 5060),
        };
        let domains = [Some("a.example"), None, Some("10.0.4.7")];
        assert_eq!(trunks.name(flow, domains), again.name(flow, domains));
        assert_eq!(trunks.is_local(flow.source.ip), again.is_local(flow.source.ip));
    }
}
