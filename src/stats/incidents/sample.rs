//! Requests that are kept one by one, to tell later what those that failed have in common.
//!
//! Up to its bound all of them are kept. Beyond, each gets a rank from a hash of its place in the
//! capture, failures a better one, and those of the best ranks stay (priority sampling): which they
//! are follows from the capture alone, whatever the threads, and parts merge to the same as the
//! whole. How many others each one stands for follows from the rank of the last that stayed.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::cells::Cell;
use crate::flow::{Flow, FrameId, Tap, Transport};
use crate::hash::Mix;
use crate::rename::{Rename, What};
use crate::time::{Nanos, Timestamp};
use crate::transaction::{Digits, name_hash};

/// A text's number in a [`Dictionary`]; 0 for none.
pub(super) type Word = u32;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// Rank: the lower the better.
    #[serde(with = "hex")]
    pub(super) rank: u64,
    /// Binary digits by which its rank was bettered.
    pub(super) shift: u8,
    /// When it was sent.
    pub(super) at: Timestamp,
    /// Frame of its first message.
    pub(super) frame: FrameId,
    /// What became of it; `None`: nothing to complain of.
    pub(super) cell: Option<Cell>,
    /// It was answered, but had to be sent again.
    pub(super) resent: bool,
    /// Its final was sent again.
    #[serde(default)]
    pub(super) repeated: bool,
    /// See [`crate::call::Tried::delay`].
    pub(super) delay: Option<Nanos>,
    /// From whom to whom.
    pub(super) flow: Flow,
    /// On what.
    pub(super) transport: Transport,
    /// Where it was captured.
    pub(super) tap: Tap,
    /// `User-Agent`, `Server`, From domain, To domain, Request-URI domain.
    pub(super) words: [Word; 5],
    /// The number called, packed.
    #[serde(with = "hex")]
    pub(super) digits: u64,
    /// Its Call-ID.
    pub(super) call_id: Box<str>,
}

impl Ord for Case {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.rank, self.at, self.frame, self.flow).cmp(&(other.rank, other.at, other.frame, other.flow))
    }
}

impl PartialOrd for Case {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Requests of one method.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    capacity: usize,
    /// Those of the best ranks, and for a while some more: to sort out a quarter at a time costs less
    /// than to find the worst for each new one.
    cases: Vec<Case>,
    /// Worse ranks than this do not stay.
    limit: u64,
    /// Some had to go.
    full: bool,
}

impl Sample {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, cases: Vec::new(), limit: u64::MAX, full: false }
    }

    /// Tells the frame of each case to `change`.
    pub(super) fn renumber(&mut self, change: &mut dyn FnMut(&mut FrameId)) {
        self.change(|case| change(&mut case.frame));
    }

    /// Gives new names to what cases say: `old` are their words, which go to `new`.
    pub(super) fn rename(&mut self, old: &Dictionary, new: &mut Renamed, to: &mut dyn Rename) {
        self.change(|case| {
            case.flow = to.flow(case.flow);
            case.digits = Digits::unpacked(case.digits).renamed(to).packed();
            case.call_id = to.text(What::CallId, &case.call_id).into();
            for (place, word) in case.words.iter_mut().enumerate() {
                let what = if place < 2 { What::Product } else { What::Host };
                *word = new.word(old, *word, what, to);
            }
        });
    }

    /// Some had to go.
    pub(super) fn is_full(&self) -> bool {
        self.full || self.cases.len() > self.capacity
    }

    /// Some had to go before these.
    pub(super) fn set_full(&mut self) {
        self.full = true;
    }

    /// Whether one of `rank` may stay: to ask before it is made.
    pub(super) fn wants(&mut self, rank: u64) -> bool {
        let wants = rank <= self.limit;
        self.full |= !wants;
        wants
    }

    pub(super) fn push(&mut self, case: Case) {
        let room = self.capacity + self.capacity / 4;
        if self.cases.len() >= room {
            self.let_go();
        }
        if self.cases.len() == self.cases.capacity() {
            // No more than that: twice as much would stand empty.
            self.cases.reserve_exact((2 * self.cases.len()).clamp(64, room.max(64)) - self.cases.len());
        }
        self.cases.push(case);
    }

    /// Lets those go that do not stay.
    fn let_go(&mut self) {
        if self.cases.len() > self.capacity {
            let (_, worst, _) = self.cases.select_nth_unstable(self.capacity.saturating_sub(1));
            self.limit = worst.rank;
            self.cases.truncate(self.capacity);
            self.full = true;
        }
    }

    fn change(&mut self, how: impl FnMut(&mut Case)) {
        self.let_go();
        self.cases.iter_mut().for_each(how);
    }

    /// Adds those of `other`, whose words mean what `word` says here.
    pub(super) fn merge(&mut self, mut other: Self, word: impl Fn(Word) -> Word) {
        self.full |= other.full;
        other.change(|case| case.words = case.words.map(&word));
        if self.cases.is_empty() && self.capacity >= other.capacity {
            (self.cases, self.limit) = (other.cases, u64::MAX);
            return;
        }
        other.cases.into_iter().for_each(|case| self.push(case));
    }

    /// All that stayed, in order of time, each with how many it stands for.
    pub(super) fn cases(&self) -> Vec<(&Case, f64)> {
        let mut stay: Vec<&Case> = self.cases.iter().collect();
        if stay.len() > self.capacity {
            stay.select_nth_unstable(self.capacity.saturating_sub(1));
            stay.truncate(self.capacity);
        }
        // The worst that stayed.
        let last = stay.iter().map(|c| c.rank).max().unwrap_or(u64::MAX);
        let stands_for = |c: &Case| {
            if !self.is_full() {
                return 1.0;
            }
            let ranks = u64::MAX.checked_shr(c.shift.into()).unwrap_or(1);
            (ranks as f64 / last.max(1) as f64).max(1.0)
        };
        let mut all: Vec<(&Case, f64)> = stay.into_iter().map(|c| (c, stands_for(c))).collect();
        let place = |c: &Case| (c.frame, c.flow);
        // Time alone decides nearly always.
        all.sort_by(|(a, _), (b, _)| {
            a.at.cmp(&b.at).then_with(|| (place(a), &a.call_id).cmp(&(place(b), &b.call_id)))
        });
        all
    }
}

/// Texts as numbers. As many as the shards' names at most.
#[derive(Clone, Debug)]
pub(super) struct Dictionary {
    words: HashMap<u64, Word, Mix>,
    texts: Vec<(Box<str>, u64)>,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self { words: HashMap::default(), texts: vec![("".into(), 0)] }
    }
}

impl Dictionary {
    /// The number of a text with `hash`.
    pub(super) fn word(&mut self, text: &str, hash: u64) -> Word {
        let Self { words, texts } = self;
        *words.entry(hash).or_insert_with(|| {
            texts.push((text.into(), hash));
            (texts.len() - 1) as Word
        })
    }

    /// The text of a number; `None` for none.
    pub(super) fn text(&self, word: Word) -> Option<&str> {
        (word != 0).then(|| self.texts.get(word as usize).map_or("(other)", |(text, _)| text))
    }

    /// A number's text and hash; `None` for none.
    pub(super) fn entry(&self, word: Word) -> Option<(&str, u64)> {
        let (text, hash) = self.texts.get(word as usize)?;
        (word != 0).then_some((text, *hash))
    }

    /// Takes the texts of `other`; tells what each of its numbers is here.
    pub(super) fn merge(&mut self, other: &Self) -> Vec<Word> {
        let rest = other.texts.iter().skip(1).map(|(text, hash)| self.word(text, *hash));
        std::iter::once(0).chain(rest).collect()
    }
}

/// Words under new names.
#[derive(Debug, Default)]
pub(super) struct Renamed {
    pub(super) words: Dictionary,
    /// The new numbers of products, and of hosts.
    known: [HashMap<Word, Word, Mix>; 2],
}

impl Renamed {
    fn word(&mut self, old: &Dictionary, word: Word, what: What, to: &mut dyn Rename) -> Word {
        let Self { words, known } = self;
        let Some((text, _)) = old.entry(word) else { return 0 };
        *known[usize::from(what == What::Host)].entry(word).or_insert_with(|| {
            let text = to.text(what, text);
            words.word(&text, name_hash(&text))
        })
    }
}

/// Numbers that are no counts.
mod hex {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::stats::serial::Hex;

    pub(super) fn serialize<S: Serializer>(n: &u64, to: S) -> Result<S::Ok, S::Error> {
        Hex(*n).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        Hex::deserialize(from).map(|hex| hex.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(n: u64, shift: u8) -> Case {
        use std::hash::BuildHasher;
        Case {
            rank: Mix.hash_one(n) >> shift,
            shift,
            at: Timestamp::from_nanos(n as i64),
            frame: FrameId { file: 0, number: n },
            cell: None,
            resent: false,
            repeated: false,
            delay: None,
            flow: Flow::default(),
            transport: Transport::Udp,
            tap: Tap::default(),
            words: [1, 0, 0, 0, 0],
            digits: 0,
            call_id: "".into(),
        }
    }

    #[test]
    fn parts_merge_to_the_sample_of_the_whole_and_stand_for_all() {
        let (mut whole, mut parts) = (Sample::new(1000), [Sample::new(1000), Sample::new(1000)]);
        for n in 0..20_000 {
            let c = case(n, if n % 10 == 0 { 3 } else { 0 });
            for sample in [&mut whole, &mut parts[(n % 7 % 2) as usize]] {
                if sample.wants(c.rank) {
                    sample.push(c.clone());
                }
            }
        }
        let [mut merged, other] = parts;
        merged.merge(other, |w| w);
        assert_eq!(merged.cases(), whole.cases());
        let (mut plain, mut preferred) = (0.0, 0.0);
        for (c, n) in whole.cases() {
            *if c.shift > 0 { &mut preferred } else { &mut plain } += n;
        }
        assert!((17_000.0..19_000.0).contains(&plain), "{plain}");
        assert!((1_700.0..2_300.0).contains(&preferred), "{preferred}");
        assert!(whole.cases().iter().filter(|(c, _)| c.shift > 0).count() > 350);
    }

    #[test]
    fn up_to_the_bound_each_stands_for_itself() {
        let mut s = Sample::new(10);
        (0..10).for_each(|n| s.push(case(n, 0)));
        assert!(s.cases().iter().all(|(_, n)| *n == 1.0));
        assert_eq!(s.cases().len(), 10);
    }

    #[test]
    fn words_are_told_by_their_text() {
        let (mut a, mut b) = (Dictionary::default(), Dictionary::default());
        let x = a.word("x", 7);
        b.word("y", 8);
        let theirs = b.word("x", 7);
        let here = a.merge(&b);
        assert_eq!((here[theirs as usize], a.text(x), a.text(0)), (x, Some("x"), None));
        assert_eq!(a.text(here[1]), Some("y"));
    }
}
