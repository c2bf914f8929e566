//! The chunks of an SCTP packet, as far as they matter: user data and the start of an association.

/// A chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk<'a> {
    /// INIT or INIT ACK: the sender's first data chunk will have this number (RFC 9260 3.3.2).
    Init { first: u32 },
    /// DATA (RFC 9260 3.3.1) or I-DATA (RFC 8260 2.1).
    Data(Data<'a>),
}

/// A fragment of a user message, or a whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Data<'a> {
    /// Transmission sequence number: counts the chunks of a direction.
    pub(super) number: u32,
    /// Fragments of one message have one group and consecutive places.
    pub(super) group: Group,
    pub(super) place: u32,
    /// First fragment of its message.
    pub(super) begins: bool,
    /// Last fragment of its message.
    pub(super) ends: bool,
    /// Payload protocol identifier; of I-DATA in the first fragment only.
    pub(super) protocol: u32,
    pub(super) bytes: &'a [u8],
    /// The chunk was not captured to its end.
    pub(super) cut: bool,
}

/// Among which chunks places count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// All DATA chunks of a direction, by their numbers.
    Numbers,
    /// The fragments of one I-DATA message.
    Message { stream: u16, unordered: bool, message: u32 },
}

/// Walks through the chunks of a packet; `None` once where they end in the middle or contradict
/// themselves.
pub(super) struct Chunks<'a> {
    rest: &'a [u8],
    /// The packet was cut, so its end proves nothing.
    cut: bool,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(bytes: &'a [u8], cut: bool) -> Self {
        Self { rest: bytes, cut }
    }

    /// The next chunk, of whatever type: type, flags, value, and whether it ends early.
    fn step(&mut self) -> Option<(u8, u8, &'a [u8], bool)> {
        let (&[kind, flags, l0, l1], rest) = self.rest.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([l0, l1])).checked_sub(4)?;
        let value = &rest[..length.min(rest.len())];
        self.rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((kind, flags, value, value.len() < length))
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Option<Chunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let Some((kind, flags, value, short)) = self.step() else {
                self.rest = &[];
                return (!self.cut).then_some(None);
            };
            let chunk = match kind {
                0 => data(flags, value, short).map(Chunk::Data),
                64 => interleaved(flags, value, short).map(Chunk::Data),
                1 | 2 => value.get(12..16).map(|number| Chunk::Init { first: word(number) }),
                _ => continue,
            };
            if chunk.is_some() {
                return Some(chunk);
            }
            if !self.cut {
                return Some(None);
            }
        }
        None
    }
}

/// TSN, stream, stream sequence number, protocol, data. Flags: 1 ends, 2 begins, 4 unordered.
fn data(flags: u8, value: &[u8], cut: bool) -> Option<Data<'_>> {
    let (head, bytes) = value.split_at_checked(12)?;
    let number = word(&head[..4]);
    Some(Data {
        number,
        group: Group::Numbers,
        place: number,
        begins: flags & 2 > 0,
        ends: flags & 1 > 0,
        protocol: word(&head[8..]),
        bytes,
        cut,
    })
}

/// TSN, stream, reserved, message, protocol (first fragment) or fragment number, data.
fn interleaved(flags: u8, value: &[u8], cut: bool) -> Option<Data<'_>> {
    let (head, bytes) = value.split_at_checked(16)?;
    let begins = flags & 2 > 0;
    let last = word(&head[12..]);
    let (protocol, place) = if begins { (last, 0) } else { (0, last) };
    let group = Group::Message {
        stream: word(&head[4..6]) as u16,
        unordered: flags & 4 > 0,
        message: word(&head[8..12]),
    };
    Some(Data { number: word(&head[..4]), group, place, begins, ends: flags & 1 > 0, protocol, bytes, cut })
}

/// A big-endian number.
fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |n, &byte| n << 8 | u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], cut: bool, expected: &[Option<Chunk<'_>>]) {
        assert_eq!(Chunks::new(bytes, cut).collect::<Vec<_>>(), expected, "{bytes:?}");
    }

    const DATA: Data<'static> = Data {
        number: 7,
        group: Group::Numbers,
        place: 7,
        begins: true,
        ends: true,
        protocol: 3,
        bytes: b"hello",
        cut: false,
    };

    #[test]
    fn data_is_found_among_other_chunks() {
        let sack = [3, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0];
        let data = b"\x00\x03\x00\x15\0\0\0\x07\0\x01\0\x02\0\0\0\x03hello";
        let heartbeat = [4, 0, 0, 4];
        let bytes = [&sack[..], data, &[0; 3], &heartbeat, data].concat();
        check(&bytes, false, &[Some(Chunk::Data(DATA)); 2]);
        let cut = Data { bytes: b"hel", cut: true, ..DATA };
        check(&data[..19], true, &[Some(Chunk::Data(cut))]);
    }

    #[test]
    fn interleaved_data_names_its_message() {
        let group = Group::Message { stream: 1, unordered: true, message: 9 };
        let first = Data { group, place: 0, ends: false, ..DATA };
        check(
            b"\x40\x06\0\x19\0\0\0\x07\0\x01\0\0\0\0\0\x09\0\0\0\x03hello",
            false,
            &[Some(Chunk::Data(first))],
        );
        let second = Data { number: 8, place: 1, begins: false, ends: true, protocol: 0, group, ..DATA };
        check(
            b"\x40\x05\0\x19\0\0\0\x08\0\x01\0\0\0\0\0\x09\0\0\0\x01hello",
            false,
            &[Some(Chunk::Data(second))],
        );
    }

    #[test]
    fn an_association_starts_with_its_first_number() {
        let init = [1, 0, 0, 20, 1, 2, 3, 4, 0, 0, 5, 0, 0, 1, 0, 1, 0, 0, 1, 0];
        check(&init, false, &[Some(Chunk::Init { first: 256 })]);
    }

    #[test]
    fn bad_lengths_end_the_walk() {
        check(b"", false, &[]);
        check(b"\0\x03\0", false, &[None]);
        check(b"\0\x03\0", true, &[]);
        check(b"\x03\0\0\x03\0\0\0\0", false, &[None]);
        check(b"\0\x03\0\x0chello678", false, &[None]);
        check(b"\0\x03\0\x0chello678", true, &[]);
        check(b"\x01\0\0\x08\0\0\0\0", false, &[None]);
    }
}
