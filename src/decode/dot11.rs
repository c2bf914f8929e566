//! IEEE 802.11 data frames, and the two capture headers before them.
//!
//! In: bytes of a wireless frame. Out: its LLC header, for data frames in the clear; the rest of
//! the air is no IP.

use super::layer::{Bytes, Inside, Layer, Stop};
use crate::fate::Fate;

/// Radiotap: version 0, padding, length, and fields that are passed over.
pub(super) fn radiotap(bytes: Bytes<'_>) -> Inside<'_> {
    let (&[version, _, a, b], _) = bytes.head()?;
    let len = usize::from(u16::from_le_bytes([a, b]));
    if version != 0 || len < 8 {
        return Err(Stop::Bad);
    }
    Ok((Layer::Dot11, bytes.skip(len)?))
}

/// Per-packet information: version 0, flags, length, then the link type of what follows.
pub(super) fn ppi(bytes: Bytes<'_>) -> Inside<'_> {
    let (&[version, _, a, b, l0, l1, l2, l3], _) = bytes.head()?;
    let len = usize::from(u16::from_le_bytes([a, b]));
    if version != 0 || len < 8 {
        return Err(Stop::Bad);
    }
    Ok((Layer::Link(u32::from_le_bytes([l0, l1, l2, l3])), bytes.skip(len)?))
}

/// The 802.11 header (IEEE 802.11 9.2.3): only unprotected data frames hold anything.
pub(super) fn dot11(bytes: Bytes<'_>) -> Inside<'_> {
    let (&[control, flags], _) = bytes.head()?;
    let (is_data, quality, empty) = (control & 0x0f == 0x08, control & 0x80 != 0, control & 0x40 != 0);
    let (both_systems, protected, order) = (flags & 3 == 3, flags & 0x40 != 0, flags & 0x80 != 0);
    if !is_data || empty || protected {
        return Err(Stop::Fate(Fate::NotIp));
    }
    let four_addresses = if both_systems { 6 } else { 0 };
    let quality = match (quality, order) {
        (true, true) => 6,
        (true, false) => 2,
        _ => 0,
    };
    let header = 24 + four_addresses + quality;
    let inside = bytes.skip(header)?;
    // Some drivers pad the header to four bytes.
    match (inside.seen, inside.skip(2)) {
        ([0xaa, 0xaa, ..], _) | (_, Err(_)) => Ok((Layer::Llc, inside)),
        (_, Ok(padded)) if padded.seen.starts_with(&[0xaa, 0xaa, 3]) => Ok((Layer::Llc, padded)),
        _ => Ok((Layer::Llc, inside)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::build::{check_wrapping, ether_type, fate, join};

    fn snap(ip: &[u8]) -> Vec<u8> {
        join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &ether_type(ip), ip])
    }

    #[test]
    fn data_frames_in_the_clear_yield_their_packet() {
        check_wrapping(105, |ip| join(&[&[0x08, 1], &[0; 22], &snap(ip)]));
        check_wrapping(105, |ip| join(&[&[0x88, 1], &[0; 24], &snap(ip)]));
        check_wrapping(105, |ip| join(&[&[0x88, 1], &[0; 26], &snap(ip)])); // padded
        check_wrapping(105, |ip| join(&[&[0x88, 3], &[0; 30], &snap(ip)]));
        check_wrapping(127, |ip| join(&[&[0, 0, 9, 0, 0, 0, 0, 0, 7], &[0x08, 1], &[0; 22], &snap(ip)]));
        check_wrapping(192, |ip| join(&[&[0, 0, 8, 0, 105, 0, 0, 0], &[0x08, 1], &[0; 22], &snap(ip)]));
    }

    #[test]
    fn the_rest_of_the_air_is_no_ip() {
        for control in [[0x80, 0], [0xd4, 0], [0x48, 0], [0x08, 0x40]] {
            assert_eq!(fate(105, &join(&[&control, &[0; 40]])), Fate::NotIp);
        }
    }
}
