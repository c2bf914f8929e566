//! The search for the next plausible record after damage.
//!
//! In: a [`Buffer`] at a damaged record, and two tests of a container: whether a record may begin
//! with some bytes, and whether it fits with what follows it. Out: the buffer at such a record, or
//! at its end. Each byte is looked at once, so the work is linear whatever the bytes are.

use super::buffer::Buffer;
use super::container::BARREN;
use super::trouble::Trouble;

/// Moves on, by at least a byte, to the first record that passes both tests; `false` if there is
/// none, or if [`BARREN`] bytes hold none: then the rest is given up, which is told to `trouble`.
///
/// `may_begin` is shown the first `width` bytes, `fits` has the buffer at them and may fill, but not
/// consume.
pub(super) fn search(
    buffer: &mut Buffer,
    trouble: &mut Trouble,
    width: usize,
    may_begin: impl Fn(&[u8]) -> bool,
    fits: impl Fn(&mut Buffer) -> bool,
) -> bool {
    let began = buffer.offset();
    if buffer.has(1) {
        buffer.consume(1);
    }
    while buffer.has(width) {
        let window = buffer.window();
        match window.windows(width).position(&may_begin) {
            None => buffer.consume(window.len() - (width - 1)),
            Some(i) => {
                buffer.consume(i);
                if fits(buffer) {
                    return true;
                }
                buffer.consume(1);
            }
        }
        if buffer.offset() - began > BARREN {
            trouble.stop(format!("no record in the {BARREN} bytes from byte {began} on: given up there"));
            buffer.close();
        }
    }
    buffer.consume(usize::MAX);
    false
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, repeat};

    use super::*;

    /// A record is `R` and `r`.
    fn check(bytes: &[u8]) -> (bool, u64) {
        let mut buffer = Buffer::new(Box::new(Cursor::new(bytes.to_vec())), 64);
        let fits = |b: &mut Buffer| b.has(2) && b.window()[1] == b'r';
        let found = search(&mut buffer, &mut Trouble::default(), 2, |w| w[0] == b'R', fits);
        (found, buffer.offset())
    }

    #[test]
    fn the_first_record_that_fits_is_found() {
        let far = [vec![b'.'; 1000], b"Rr".to_vec()].concat();
        for (bytes, expected) in [
            (&b"RrRr"[..], (true, 2)),
            (b"xRRr", (true, 2)),
            (b"x..RxRRxxRr.", (true, 9)),
            (b"x....R", (false, 6)),
            (b"x", (false, 1)),
            (b"", (false, 0)),
            (&far, (true, 1000)),
        ] {
            assert_eq!(check(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_search_without_end_is_given_up() {
        let mut buffer = Buffer::new(Box::new(Cursor::new(b"x").chain(repeat(0))), 1 << 18);
        let mut trouble = Trouble::default();
        assert!(!search(&mut buffer, &mut trouble, 16, |w| w[0] != 0, |_| true));
        assert!(!buffer.is_live() && buffer.offset() < BARREN + (1 << 20));
        let expected = "no record in the 1073741824 bytes from byte 0 on: given up there";
        assert_eq!(trouble.problem().as_deref(), Some(expected));
    }
}
