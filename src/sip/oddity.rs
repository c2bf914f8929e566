//! What a message asked its reader to forgive.

macro_rules! oddities {
    ($($(#[$doc:meta])* $variant:ident;)*) => {
        /// One leniency that a message needed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Oddity { $($(#[$doc])* $variant,)* }

        impl Oddity {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
    };
}

oddities! {
    /// Start line outside the grammar that a liberal receiver accepts.
    LenientLine;
    /// CR, LF or NUL before the start line of a datagram.
    LeadingBytes;
    /// A line ended by a bare CR.
    BareCr;
    /// A status line and nothing after it.
    BareStatusLine;
    /// A header line without name or colon.
    BadHeaderLine;
    /// A second value of a single-value header (CSeq, Call-ID, From, To).
    DupHeader;
    /// CSeq missing, malformed or ≥ 2³².
    BadCseq;
    /// A registered method's name in another case.
    OddMethodCase;
    /// Request line and CSeq name different methods.
    MethodMismatch;
    /// A response whose CSeq names ACK.
    ResponseToAck;
    /// Body shorter than its Content-Length.
    ShortBody;
    /// Content-Length malformed or contradictory.
    BadContentLength;
    /// No Content-Length on a stream.
    NoContentLength;
    /// More header lines than are read.
    TooManyHeaders;
    /// Start line or header section above the bound.
    TooLong;
    /// The header section never ended.
    Truncated;
}

/// A set of [`Oddity`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities(u32);

impl Oddities {
    /// Adds one.
    pub fn insert(&mut self, o: Oddity) {
        self.0 |= 1 << o as u8;
    }

    /// Whether it is there.
    pub fn contains(self, o: Oddity) -> bool {
        self.0 & (1 << o as u8) != 0
    }

    /// Whether there is none: the usual case, worth one test.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in the set.
    pub fn iter(self) -> impl Iterator<Item = Oddity> {
        Oddity::ALL.iter().copied().filter(move |&o| self.contains(o))
    }
}
