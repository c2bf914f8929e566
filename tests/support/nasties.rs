//! What others have put, or would like to put, where a report quotes them: one list for every format.

/// As bytes: not all of it is text. None holds CR or LF, which would end a header; those that do are in
/// [`LINES`].
pub(crate) const NASTIES: &[&[u8]] = &[
    // Terminals: colours, titles, screens, links, C1, answers to be typed.
    b"\x1b[2J\x1b[31mred",
    b"\x1b]0;title\x07",
    b"\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    b"\xc2\x9b31m",
    b"\x1b[6n\x1bP+q\x1b\\",
    b"back\x08\x08\x08space",
    b"nul\x00and\x7fdel",
    // Direction, width, invisibility.
    "abc\u{202e}gpj.exe".as_bytes(),
    "\u{2066}isolate\u{2069}".as_bytes(),
    "zero\u{200b}width\u{feff}".as_bytes(),
    "line\u{2028}separator\u{85}next".as_bytes(),
    "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}algo".as_bytes(),
    "\u{e0041}tag \u{e000}private".as_bytes(),
    // No UTF-8, and cut UTF-8.
    b"\xff\xfe\x80broken",
    b"\xe2\x82",
    b"\xc0\xaf\xed\xa0\x80",
    // Quotes, escapes, separators.
    b"\"quoted\" 'single' `back`",
    b"back\\slash\\n\\\"",
    b"a,b;c\td|e",
    b"{\"json\":[1,2,null]}",
    b"}}{{ %s %n ${IFS} $(reboot)",
    // Formulas.
    b"=cmd|' /C calc'!A0",
    b"+SUM(1+1)*cmd|' /C calc'!A0",
    b"-2+3",
    b"@SUM(A1:A9)",
    b"=HYPERLINK(\"http://evil.example\",\"x\")",
    // Markup.
    b"<script>alert(1)</script>",
    b"<img src=x onerror=alert(1)>",
    b"\"><svg onload=alert(1)>",
    b"]]><x/><!-- --> &lt;&amp;&#0;",
    b"</td></tr></table></details>",
    b"[click](javascript:alert(1)) ![x](http://evil.example/x.png)",
    b"| a | b |",
    b"# heading **bold** ~~gone~~ @everyone #1",
    b"---",
    // Labels of Prometheus.
    b"x\"} 1 evil_metric{y=\"",
    // Long, and empty.
    b"                ",
    b"llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll\
      llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll",
];

/// What can stand in names of files only.
pub(crate) const LINES: &[&[u8]] = &[b"two\nlines", b"\r\nHeader: x", b"tab\tand\x0bvertical"];
