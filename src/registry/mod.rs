//! The names and meanings of response codes, methods and Q.850 causes.
//!
//! In: tables compiled into the program (`*.tsv`, one row an entry, `-` for nothing), parsed once.
//! Out: typed rows and look-ups. Knows nothing of captures or figures. The phrases are those of the
//! IANA registry; the short meanings are an engineer's, for tables.

mod cause;
mod cell;
mod class;
mod code;
mod method;
mod tsv;

pub use cause::{CauseInfo, cause, causes};
pub use cell::{CellInfo, cell, cells};
pub use class::{ClassInfo, classes};
pub use code::{CodeInfo, Retry, class, code, codes, final_side, label, outcome, reason, registered, side};
pub use method::{MethodInfo, method, methods};

use crate::sip::StatusCode;

/// What `status` to a request of `method` means, in at most 28 columns for tables: the cell's own
/// meaning if it has one, else the code's. `None` for codes nobody registered.
pub fn short(method: &str, status: StatusCode) -> Option<&'static str> {
    cell(method, status).map(|c| c.short).or_else(|| code(status).map(|c| c.short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_speaks_before_its_code_and_both_are_short() {
        let s = |n| StatusCode::new(n).unwrap();
        assert_eq!(short("BYE", s(481)), Some("crossing BYEs, or state lost"));
        assert_eq!(short("INVITE", s(481)), Some("no such call there"));
        assert_eq!(short("INVITE", s(480)), Some("unregistered, DND, rang out"));
        assert_eq!(short("OPTIONS", s(486)), Some("alive"));
        assert_eq!(short("OPTIONS", s(100)), Some("next hop works on it"));
        assert_eq!(short("INVITE", s(431)), None);
        let width = |text: &str| text.chars().count();
        assert!(
            codes().iter().map(|c| c.short).chain(cells().iter().map(|c| c.short)).all(|t| width(t) <= 28)
        );
    }
}
