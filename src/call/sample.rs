//! An attempt for unit tests.

use smallvec::SmallVec;

use super::{Alerted, Attempt, AttemptDelays, Outcome, Text};
use crate::flow::{Flow, FrameId};
use crate::time::Timestamp;
use crate::transaction::Location;

/// A busy attempt of which little is known.
pub(crate) fn attempt() -> Attempt {
    Attempt {
        call: 0,
        call_id: Text::default(),
        started: Timestamp::from_nanos(0),
        frame: FrameId::default(),
        requested: None,
        outcome: Outcome::Busy,
        details: SmallVec::new(),
        alerted: Alerted::None,
        flags: SmallVec::new(),
        side: None,
        status: None,
        cause: None,
        location: Location::None,
        transactions: 1,
        bids: SmallVec::new(),
        intermediate: SmallVec::new(),
        overtaken: 0,
        translated: SmallVec::new(),
        delays: AttemptDelays::default(),
        rang: None,
        flow: Flow::default(),
        called: None,
        particulars: None,
    }
}
