//! Q.850 causes, as `Reason` headers carry them (RFC 3326), and their way to SIP and back (RFC 3398).

use std::sync::OnceLock;

use super::tsv;
use crate::sip::StatusCode;

const TABLE: &str = include_str!("causes.tsv");

/// What is known of one Q.850 cause.
#[derive(Clone, Debug)]
pub struct CauseInfo {
    /// The cause number, 1–127.
    pub cause: u32,
    /// Its name.
    pub name: &'static str,
    /// Its class in Q.850.
    pub class: &'static str,
    /// The code a gateway sends for it (RFC 3398 7.2.4.1); `None` if it never surfaces in SIP.
    pub sip: Option<&'static str>,
    /// The codes that a gateway turns into it (RFC 3398 8.2.6.1).
    pub from_sip: Vec<StatusCode>,
    /// What it says of a call, in a word.
    pub hint: Option<&'static str>,
}

/// All causes, ascending.
pub fn causes() -> &'static [CauseInfo] {
    static CAUSES: OnceLock<Vec<CauseInfo>> = OnceLock::new();
    CAUSES.get_or_init(|| tsv::rows(TABLE, row))
}

/// The cause with this number.
pub fn cause(number: u32) -> Option<&'static CauseInfo> {
    let i = causes().binary_search_by_key(&number, |c| c.cause).ok()?;
    causes().get(i)
}

fn row([cause, name, class, sip, from_sip, hint]: [&'static str; 6]) -> Option<CauseInfo> {
    let codes = tsv::some(from_sip).into_iter().flat_map(|list| list.split(','));
    let from_sip = codes.map(|c| StatusCode::new(c.parse().ok()?)).collect::<Option<_>>()?;
    Some(CauseInfo {
        cause: cause.parse().ok()?,
        name,
        class,
        sip: tsv::some(sip),
        from_sip,
        hint: tsv::some(hint),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{code, codes};

    #[test]
    fn every_row_is_understood_and_in_order() {
        assert_eq!(causes().len(), tsv::count(TABLE));
        assert!(causes().is_sorted_by(|a, b| a.cause < b.cause));
        assert_eq!(cause(17).map(|c| (c.name, c.sip)), Some(("User busy", Some("486"))));
        assert!(cause(0).is_none(), "no Q.850 value");
    }

    #[test]
    fn both_tables_agree_on_the_way_from_sip() {
        for c in causes() {
            for &s in &c.from_sip {
                let says = code(s).and_then(|k| k.q850).unwrap_or_default();
                assert!(says.split(" or ").any(|q| q == c.cause.to_string()), "{} → {}", s.get(), c.cause);
            }
        }
        for k in codes() {
            for q in k.q850.into_iter().flat_map(|q| q.split(" or ")).filter(|q| *q != "31") {
                let back = cause(q.parse().unwrap()).unwrap();
                assert!(back.from_sip.contains(&k.status), "{} → {q}", k.status.get());
            }
        }
    }
}
