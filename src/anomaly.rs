//! Everything that was tolerated, skipped or repaired: named, counted, with the first frame.
//!
//! An anomaly never stops the run; it explains a figure. The identifiers are part of the report's
//! contract (`input.anomalies[].id`).

use serde::{Deserialize, Serialize};

use crate::flow::FrameId;
use crate::time::{Timestamp, Zero};

macro_rules! anomalies {
    ($($(#[$doc:meta])* $variant:ident = $id:literal, $text:literal;)*) => {
        /// One kind of oddity in the input.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Anomaly { $($(#[$doc])* $variant,)* }

        impl Anomaly {
            /// All kinds, in the order of the pipeline.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in machine output.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What it means, in words for the ledger.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

anomalies! {
    /// Bytes of a container were skipped to find the next plausible record; counted once a gap.
    CorruptRecord = "corrupt_record", "damaged capture record, skipped to the next plausible one";
    /// The file ends within a record.
    TruncatedFile = "truncated_file", "the file ends within a record";
    /// A pcapng block was inconsistent and passed over.
    BadBlock = "bad_block", "malformed pcapng block, passed over";
    /// A record claims less on the wire than it holds.
    BadLength = "bad_length", "record with original length below captured length";
    /// A fraction of a second of one second or more.
    BadFraction = "bad_fraction", "record time with a fraction of a second or more, carried over";
    /// A record names an interface that its section does not describe.
    UnknownInterface = "unknown_interface", "record of an interface that was never described";
    /// More interfaces in a section than are kept.
    TooManyInterfaces = "too_many_interfaces", "more interfaces in a section than are kept";
    /// The file's clock was set back by more than 5 s.
    TimeBack = "time_back", "the file's clock was set back; later times are shifted";
    /// One frame more than an hour from its neighbours, ahead or (time 0, say) behind.
    TimeJump = "time_jump", "a frame an hour or more from its neighbours, given the file's clock";
    /// The frame was cut by the snap length.
    Snapped = "snapped", "frame cut by the snap length";
    /// A link type that is not decoded.
    UnknownLink = "unknown_link", "link type that is not decoded";
    /// Headers that contradict each other or end early.
    BadHeader = "bad_packet", "packet headers cut or contradictory";
    /// More tunnels or tags in one another than are followed.
    TooDeep = "too_deep", "more nested headers than are followed";
    /// A fragmented datagram whose rest never came.
    FragmentsIncomplete = "fragments_incomplete", "fragmented datagram never completed";
    /// Fragments that overlap; the first copy of each byte won.
    FragmentOverlap = "fragment_overlap", "overlapping IP fragments, first copy kept";
    /// Fragments dropped for lack of room.
    FragmentEvicted = "fragment_evicted", "fragmented datagram dropped for lack of room";
    /// Bytes of a TCP stream that were not captured.
    StreamGap = "stream_gap", "gap in a TCP stream";
    /// TCP segments captured or sent again.
    StreamRepeat = "stream_repeat", "TCP segment seen again";
    /// TCP segments that arrived before their turn.
    StreamReordered = "stream_reordered", "TCP segment out of order";
    /// A TCP flow dropped for lack of room.
    StreamEvicted = "stream_evicted", "TCP flow dropped for lack of room";
    /// SCTP data chunks captured or sent again.
    SctpRepeat = "sctp_repeat", "SCTP data chunk seen again";
    /// An SCTP message of which fragments never came, or for which there was no room.
    SctpIncomplete = "sctp_incomplete", "fragmented SCTP message never completed";
    /// A stream was out of step with its messages; counted once a search.
    Resync = "resync", "stream out of step, searched for the next message";
    /// A message of a stream whose header section never ended.
    Truncated = "truncated", "message cut before its header section ended";
    /// A start line that only a liberal receiver accepts.
    LenientLine = "lenient_line", "start line that only a liberal receiver accepts";
    /// CR, LF or NUL before the start line of a datagram.
    LeadingBytes = "leading_bytes", "line ends or NULs before the start line";
    /// Lines ended by a bare CR.
    BareCr = "bare_cr", "line ended by a bare CR";
    /// A status line without any header.
    BareStatusLine = "bare_status_line", "status line without headers";
    /// `SIP/2.0` with a status that is not 100–699.
    BadStatus = "bad_status", "status line with an impossible code, not counted";
    /// Another version of SIP.
    BadVersion = "bad_version", "SIP version other than 2.0, not counted";
    /// A header line without a colon or without a name.
    BadHeaderLine = "bad_header", "header line without name or colon";
    /// A second value of a single-value header.
    DupHeader = "dup_header", "second value of a single-value header, first used";
    /// A CSeq that is missing, malformed or out of range.
    BadCseq = "bad_cseq", "CSeq missing, malformed or out of range";
    /// A known method in the wrong case.
    OddMethodCase = "odd_method_case", "known method name in another case, counted as itself";
    /// The request line and the CSeq name different methods.
    MethodMismatch = "method_mismatch", "request line and CSeq name different methods";
    /// A response whose CSeq names ACK.
    ResponseToAck = "response_to_ack", "response to an ACK";
    /// A body shorter than its Content-Length.
    ShortBody = "short_body", "body shorter than Content-Length";
    /// A Content-Length that is no number, or two that differ.
    BadContentLength = "bad_content_length", "Content-Length malformed or contradictory";
    /// No Content-Length on a stream.
    NoContentLength = "no_content_length", "message on a stream without Content-Length";
    /// More headers than are read.
    TooManyHeaders = "too_many_headers", "more header lines than are read";
    /// A start line or header section above the bound.
    TooLong = "too_long", "message head longer than is read";
    /// SIP quoted in an ICMP error: never counted.
    IcmpQuote = "icmp_quote", "SIP quoted in an ICMP error, not counted";
    /// A request that uses every identifier of an earlier one again.
    IdentifierReuse = "identifier_reuse", "identifiers used again for a new request";
    /// A final response of another code after the transaction's final.
    LateFinal = "late_final", "another final response after the final one";
    /// A 408 to a request other than INVITE (RFC 4320, 4.2).
    NonInvite408 = "non_invite_408", "408 to a request other than INVITE, which RFC 4320 forbids";
    /// A difference of times below zero.
    NegativeDelay = "negative_delay", "response before its request: clocks of the taps disagree";
    /// The time inside HEP is more than an hour from that of its frame.
    HepTime = "hep_time", "HEP time far from the frame's, frame's used";
    /// A compressed HEP payload that could not be inflated.
    HepCompressed = "hep_compressed", "compressed HEP payload not read";
    /// A WebSocket message that was compressed and could not be inflated.
    WsCompressed = "ws_compressed", "compressed WebSocket message not read";
    /// A conversation dropped for lack of room.
    StateEvicted = "state_evicted", "call state dropped for lack of room";
    /// A legs, copies or dialogs table of one Call-ID was full.
    StateRefused = "state_refused", "more legs, copies or dialogs under one Call-ID than are kept";
}

named!(Anomaly);

/// Counts by kind, with the first sighting of each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<Row>", into = "Vec<Row>")]
pub struct Anomalies {
    counts: Vec<u64>,
    first: Vec<Option<(Timestamp, FrameId)>>,
}

/// As saved: kind, count, first sighting.
type Row = (Anomaly, u64, Option<(Timestamp, FrameId)>);

impl Default for Anomalies {
    fn default() -> Self {
        Self { counts: vec![0; Anomaly::ALL.len()], first: vec![None; Anomaly::ALL.len()] }
    }
}

impl Anomalies {
    /// Counts one of `kind` at `frame`, which was captured at `time`.
    pub fn note(&mut self, kind: Anomaly, time: Timestamp, frame: FrameId) {
        self.counts[kind as usize] += 1;
        let first = &mut self.first[kind as usize];
        if first.is_none_or(|f| (time, frame) < f) {
            *first = Some((time, frame));
        }
    }

    /// How many of `kind` there were.
    pub fn count(&self, kind: Anomaly) -> u64 {
        self.counts[kind as usize]
    }

    /// Those that occurred, with count and first frame, in the order of the pipeline.
    pub fn iter(&self) -> impl Iterator<Item = (Anomaly, u64, FrameId)> + '_ {
        Anomaly::ALL.iter().filter_map(|&k| {
            let (_, frame) = self.first[k as usize]?;
            Some((k, self.counts[k as usize], frame))
        })
    }

    /// Tells each first sighting's frame to `change`: files are numbered anew when summaries merge.
    pub fn renumber(&mut self, change: &mut dyn FnMut(&mut FrameId)) {
        self.first.iter_mut().flatten().for_each(|(_, frame)| change(frame));
    }

    /// The same with the times of a run that counts them from `zero`.
    #[must_use]
    pub fn since(&self, zero: Zero) -> Self {
        let first = self.first.iter().map(|f| f.map(|(t, frame)| (zero.since(t), frame))).collect();
        Self { counts: self.counts.clone(), first }
    }

    /// Adds the counts of `other`; the earlier first sighting stays.
    pub fn merge(&mut self, other: &Self) {
        for &k in Anomaly::ALL {
            let i = k as usize;
            self.counts[i] += other.counts[i];
            if let Some(theirs) = other.first[i]
                && self.first[i].is_none_or(|ours| theirs < ours)
            {
                self.first[i] = Some(theirs);
            }
        }
    }
}

impl From<Anomalies> for Vec<Row> {
    fn from(all: Anomalies) -> Self {
        let rows = Anomaly::ALL.iter().map(|&k| (k, all.counts[k as usize], all.first[k as usize]));
        rows.filter(|(_, count, first)| *count > 0 || first.is_some()).collect()
    }
}

impl From<Vec<Row>> for Anomalies {
    fn from(rows: Vec<Row>) -> Self {
        let mut all = Self::default();
        for (kind, count, first) in rows {
            let i = kind as usize;
            all.counts[i] = all.counts[i].saturating_add(count);
            all.first[i] = all.first[i].into_iter().chain(first).min();
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sighting_is_the_earliest_in_any_order_of_merging() {
        let at = |t, n| (Timestamp::from_nanos(t), FrameId { file: 0, number: n });
        let (mut a, mut b) = (Anomalies::default(), Anomalies::default());
        a.note(Anomaly::Resync, at(5, 2).0, at(5, 2).1);
        b.note(Anomaly::Resync, at(4, 9).0, at(4, 9).1);
        let mut ab = a.clone();
        ab.merge(&b);
        b.merge(&a);
        for m in [ab, b] {
            assert_eq!(m.iter().collect::<Vec<_>>(), [(Anomaly::Resync, 2, FrameId { file: 0, number: 9 })]);
        }
    }

    #[test]
    fn identifiers_are_unique() {
        let mut ids: Vec<_> = Anomaly::ALL.iter().map(|a| a.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Anomaly::ALL.len());
    }
}
