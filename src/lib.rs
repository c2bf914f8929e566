//! `sipstat`: what happened in a SIP capture.
//!
//! ```text
//! capture → decode → stream → sip ─┬─ shard 0: transaction → call ─┬─ stats ─ Summary → report
//!                                  ├─ shard 1:        …            │
//!                                  └─ shard n:        …            ┘
//! ```
//!
//! One pass; memory grows with exchanges in flight, never with the length of the file. All clocks
//! are capture clocks. `pipeline` owns the order of the stages and is the only file that knows
//! it. Each stage passes on one kind of value and knows nothing of what comes after it:
//!
//! | module | job | passes on |
//! |---|---|---|
//! | [`time`], [`flow`] | name an instant; name who spoke to whom, and where it was seen | |
//! | [`anomaly`], [`fate`] | name and count what was tolerated; say what became of each frame | |
//! | [`capture`] | read captures of any container into frames, in order | [`capture::Frame`] |
//! | [`decode`] | strip link, tunnel, IP (with fragments) and transport headers | [`decode::Packet`] |
//! | [`stream`] | put one direction's bytes in order, reporting gaps | contiguous bytes |
//! | [`dimension`] | name what traffic can be told apart by | |
//! | [`named`] | save closed lists of values by their names | |
//! | [`rename`] | give new names to persons, machines and places, wherever they are kept | |
//! | [`watch`] | tell how far a run is; hear that it shall stop | |
//! | [`sip`] | turn bytes into messages, as RFC 3261 defines them | [`sip::Message`] |
//! | [`trunks`] | name trunks by address and domain | |
//! | [`registry`] | the names and meanings of codes, methods and causes | |
//! | [`expr`] | the expressions of conditions and selections: names, types, three-valued truth | |
//! | `transaction` | pair responses with requests; tell the four bins apart | |
//! | `call` | fold INVITE transactions into attempts with one outcome each | |
//! | `shard` | hold what is known under one Call-ID, bounded, and let it go in time | |
//! | [`pick`] | pick out calls and messages for those who ask | [`pick::Harvest`] |
//! | `stats` | count and measure; derive every figure once | `Summary` |
//! | [`check`] | judge a finished `Summary` by the user's conditions | a verdict |
//! | `anonymize` | replace what names persons and places, everywhere, before it is written | `Counted` |
//! | `baseline` | read and add up saved summaries, wherever captures are read | `Summary` |
//! | `compare` | tell what differs between two runs, and whether by more than chance | |
//! | `report` | write a finished `Summary` in one format each | |
//!
//! **Invariants**, held by tests over every sample: frames = Σ fates; messages = responses +
//! retransmissions + capture duplicates + hop copies in every cell and every total; a table's
//! total = Σ its rows, "other" included; INVITE attempts = Σ outcomes, pending included; the same
//! messages in another wrapping give the same figures.
//!
//! Each of the four packages that do the heavy lifting has one door: `pcap-file` is used in
//! [`capture`] only, `etherparse` in [`decode`], `clap` in `cli`, `hdrhistogram` in one file of
//! `stats`.

#[macro_use]
pub mod named;

pub mod anomaly;
pub mod anonymize;
pub mod baseline;
pub mod call;
pub mod capture;
pub mod check;
pub mod cli;
pub mod compare;
pub mod config;
pub mod decode;
pub mod dimension;
pub mod error;
pub mod expr;
pub mod fate;
pub mod filter;
pub mod flow;
pub mod hash;
mod nearest;
pub mod pick;
pub mod pipeline;
pub mod registry;
pub mod rename;
pub mod report;
pub mod shard;
pub mod sip;
pub mod stats;
pub mod stream;
pub mod time;
pub mod transaction;
pub mod trunks;
pub mod watch;
