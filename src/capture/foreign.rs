//! Files that are no pcap or pcapng: what they are instead, and which command makes them one.
//!
//! In: the first bytes of a file. Out: a name and advice for people. Nothing here is read further.

/// A file format that is recognised only to be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What the file is.
    pub name: &'static str,
    /// What to do with it; `IN` and `OUT` stand for file names.
    pub advice: &'static str,
}

const EDITCAP: &str = "convert it: editcap -F pcap IN OUT";
const UNPACK: &str = "unpack it first";

/// Signature, where it stands, and what it tells.
const SIGNATURES: &[(usize, &[u8], &str, &str)] = &[
    (0, b"snoop\0\0\0", "a Sun snoop capture", EDITCAP),
    (0, b"GMBU", "a Microsoft NetMon 2 capture", EDITCAP),
    (0, b"RTSS", "a Microsoft NetMon 1 capture", EDITCAP),
    (0, b"btsnoop\0", "a Bluetooth snoop log", EDITCAP),
    (0, b"iptrace ", "an AIX iptrace capture", EDITCAP),
    (0, b"XCP\0", "a NetXray or Windows Sniffer capture", EDITCAP),
    (0, b"TRSNIFF data", "a DOS Sniffer capture", EDITCAP),
    (0, b"ObserverPktBuffe", "a Network Instruments Observer capture", EDITCAP),
    (0, b"\x7fver", "a Savvius *Peek capture", EDITCAP),
    (0, b"\x05VNF", "a Visual Networks capture", EDITCAP),
    (0, b"+---------+-----", "a Tektronix K12 text capture", EDITCAP),
    (0, &[0, 0, 2, 0, 0x12, 5, 0, 0x10], "a Tektronix K12 capture", EDITCAP),
    (0, &[0x54, 0x52, 0, 0x64, 0], "an HP-UX nettl capture", EDITCAP),
    (0, &[0x1C, 0, 1, 0xAC], "an Ixia capture", EDITCAP),
    (0, &[0xAC, 1, 0, 0x1C], "an Ixia capture", EDITCAP),
    (0, &[0x1C, 0, 1, 0xAE], "an Ixia capture", EDITCAP),
    (0, &[0xAE, 1, 0, 0x1C], "an Ixia capture", EDITCAP),
    (0, &[0xA1, 0xB2, 0x34, 0xCD], "an Ixia pcap", EDITCAP),
    (0, &[0xCD, 0x34, 0xB2, 0xA1], "an Ixia pcap", EDITCAP),
    (0, &[0xA1, 0x2B, 0x3C, 0x4D], "a Navtel pcap", EDITCAP),
    (0, &[0x4D, 0x3C, 0x2B, 0xA1], "a Navtel pcap", EDITCAP),
    (0, b"PK\x03\x04", "a zip archive", "unpack it first: unzip IN"),
    (0, b"7z\xBC\xAF\x27\x1C", "a 7-zip archive", "unpack it first: 7z x IN"),
    (0, b"Rar!", "a rar archive", UNPACK),
    (0, &[0x1F, 0x9D], "compress (.Z) data", "unpack it first: uncompress IN"),
    (0, b"LZIP", "lzip data", "unpack it first: lzip -d IN"),
    (0, &[0x89, b'L', b'Z', b'O'], "lzop data", "unpack it first: lzop -d IN"),
    (0, &[0x02, 0x21, 0x4C, 0x18], "an lz4 file of the legacy form", "unpack it first: lz4 -d IN OUT"),
    (
        0,
        b"{\n  \"schema\": \"sipstat.report",
        "a report of sipstat",
        "keep what can be read again by: sipstat --save OUT CAPTURE",
    ),
    (257, b"ustar", "a tar archive", "unpack it first: tar xf IN"),
];

/// How many bytes [`Foreign::find`] looks at.
pub(super) const LOOKS_AT: usize = 512;

impl Foreign {
    /// The format that begins like this, if it is one that has a name.
    pub fn find(window: &[u8]) -> Option<Self> {
        let known = SIGNATURES
            .iter()
            .find(|(at, bytes, ..)| window.get(*at..).is_some_and(|rest| rest.starts_with(bytes)));
        if let Some(&(_, _, name, advice)) = known {
            return Some(Self { name, advice });
        }
        let sample = window.get(..window.len().min(LOOKS_AT))?;
        let is_text = !sample.is_empty()
            && sample.iter().all(|&b| (b >= 0x20 && b != 0x7F) || matches!(b, b'\t' | b'\r' | b'\n'))
            && std::str::from_utf8(sample).map_or_else(|e| e.error_len().is_none(), |_| true);
        is_text.then_some(Self {
            name: "text",
            advice: "record with: tcpdump -w OUT; a hex dump becomes a capture by: text2pcap IN OUT",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_are_named_with_the_command_that_converts_them() {
        let mut tar = vec![b'a'; 512];
        tar[100] = 0;
        tar[257..262].copy_from_slice(b"ustar");
        for (bytes, name) in [
            (&b"snoop\0\0\0\0\0\0\x02"[..], Some("a Sun snoop capture")),
            (b"GMBU\0\x02", Some("a Microsoft NetMon 2 capture")),
            (b"+---------+---------------+----------+\r\n", Some("a Tektronix K12 text capture")),
            (b"PK\x03\x04", Some("a zip archive")),
            (&tar, Some("a tar archive")),
            (b"14:00:01.2 IP 10.0.0.1.5060 > 10.0.0.2.5060: SIP", Some("text")),
            ("réseau".as_bytes(), Some("text")),
            (b"\x7fELF", None),
            (b"snoo", Some("text")),
            (b"", None),
        ] {
            assert_eq!(Foreign::find(bytes).map(|f| f.name), name, "{bytes:?}");
        }
    }
}
