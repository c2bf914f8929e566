//! Messages by bin, in every cell and every total.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::transaction::Bin;

/// Messages by bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// First sightings: what is called `responses` or `requests` in reports.
    pub first: u64,
    /// Sent again on the same hop.
    pub retransmissions: u64,
    /// Captured again.
    pub capture_duplicates: u64,
    /// Seen again on another hop.
    pub hop_copies: u64,
}

impl Counts {
    /// Counts one message.
    pub fn note(&mut self, bin: Bin) {
        match bin {
            Bin::First => self.first += 1,
            Bin::Retransmission => self.retransmissions += 1,
            Bin::CaptureDuplicate => self.capture_duplicates += 1,
            Bin::HopCopy => self.hop_copies += 1,
        }
    }

    /// All messages: what a sniffer shows.
    pub fn messages(&self) -> u64 {
        self.first + self.retransmissions + self.capture_duplicates + self.hop_copies
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.first += other.first;
        self.retransmissions += other.retransmissions;
        self.capture_duplicates += other.capture_duplicates;
        self.hop_copies += other.hop_copies;
    }
}
