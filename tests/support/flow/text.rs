//! The lexical part of a script: lines, comments, repeats, words, options, escapes.

use std::collections::BTreeMap;

/// One line after repeats are written out.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// In the file, from 1.
    pub(crate) number: usize,
    /// Nanoseconds that the repeats around it add to its time.
    pub(crate) offset: u64,
    pub(crate) text: String,
}

/// Lines without comments and blanks, repeats written out.
pub(crate) fn lines(script: &str) -> Result<Vec<Line>, String> {
    let all: Vec<Line> = script
        .lines()
        .enumerate()
        .map(|(i, l)| Line { number: i + 1, offset: 0, text: without_comment(l.trim_start()).to_string() })
        .filter(|l| !l.text.is_empty())
        .collect();
    expand(&all)
}

fn without_comment(line: &str) -> &str {
    if line.starts_with('|') {
        return line;
    }
    let (mut quoted, mut before) = (false, ' ');
    for (i, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted && before.is_whitespace() => return line[..i].trim_end(),
            _ => {}
        }
        before = c;
    }
    line.trim_end()
}

fn expand(lines: &[Line]) -> Result<Vec<Line>, String> {
    let mut out = Vec::new();
    let mut i = 0;
    while let Some(line) = lines.get(i) {
        i += 1;
        let words: Vec<&str> = line.text.split_whitespace().collect();
        let ["repeat", count, "every", every] = words[..] else {
            out.push(line.clone());
            continue;
        };
        let rest = &lines[i..];
        let mut depth = 1;
        let end = rest.iter().position(|l| {
            depth += i32::from(l.text.starts_with("repeat ")) - i32::from(l.text == "end");
            depth == 0
        });
        let end = end.ok_or(format!("line {}: repeat without end", line.number))?;
        let count: u64 = count.parse().map_err(|_| format!("line {}: repeat {count}", line.number))?;
        let every = seconds(every).ok_or(format!("line {}: every {every}", line.number))?;
        let body = expand(&rest[..end])?;
        for n in 1..=count {
            out.extend(body.iter().map(|l| Line {
                number: l.number,
                offset: l.offset + (n - 1) * every,
                text: substitute(&l.text, n),
            }));
        }
        i += end + 1;
    }
    Ok(out)
}

/// `{n}`, `{2*n}`, `{2*n+1}`, `{n-1}`; other braces stay (for the repeat around this one, or text).
fn substitute(text: &str, n: u64) -> String {
    let Some((before, rest)) = text.split_once('{') else { return text.to_string() };
    let value = rest.split_once('}').and_then(|(expr, after)| {
        let (times, plus) = expr.split_once('n')?;
        let times: i64 = if times.is_empty() { 1 } else { times.strip_suffix('*')?.parse().ok()? };
        let plus: i64 = if plus.is_empty() { 0 } else { plus.parse().ok()? };
        Some((times * i64::try_from(n).ok()? + plus, after))
    });
    match value {
        Some((value, after)) => format!("{before}{value}{}", substitute(after, n)),
        None => format!("{before}{{{}", substitute(rest, n)),
    }
}

/// Decimal seconds in nanoseconds.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || fraction.len() > 9 || fraction.contains(['+', '-']) {
        return None;
    }
    let nanos: u64 = format!("{fraction:0<9}").parse().ok()?;
    Some(whole.parse::<u64>().ok()? * 1_000_000_000 + nanos)
}

/// Words, and the `+Name: value` headers after them. Quotes keep blanks in a word and are removed.
pub(crate) fn words_and_headers(line: &str) -> (Vec<String>, Vec<(String, String)>) {
    let starts: Vec<usize> = line
        .match_indices(" +")
        .filter(|(i, _)| line[i + 2..].starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(|(i, _)| i)
        .collect();
    let words = words(&line[..starts.first().copied().unwrap_or(line.len())]);
    let headers = starts.iter().enumerate().map(|(i, &at)| {
        let header = &line[at + 2..starts.get(i + 1).copied().unwrap_or(line.len())];
        let (name, value) = header.split_once(':').unwrap_or((header, ""));
        (name.trim().to_string(), value.trim().to_string())
    });
    (words, headers.collect())
}

fn words(text: &str) -> Vec<String> {
    let (mut out, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => out.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    out
}

/// The bytes of a `|` line: escapes undone, CR LF added unless it began `|-`.
pub(crate) fn bytes_of(line: &str) -> Result<Vec<u8>, String> {
    let line = line.strip_prefix('|').unwrap_or(line);
    let (line, end) = line.strip_prefix('-').map_or((line, "\r\n"), |l| (l, ""));
    let line = line.strip_prefix(' ').unwrap_or(line);
    let (mut out, mut rest) = (Vec::new(), line.bytes());
    while let Some(b) = rest.next() {
        if b != b'\\' {
            out.push(b);
            continue;
        }
        out.push(match rest.next() {
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'0') => 0,
            Some(b'\\') => b'\\',
            Some(b'x') => {
                let digits = [rest.next().unwrap_or(0), rest.next().unwrap_or(0)];
                hex(&String::from_utf8_lossy(&digits))?[0]
            }
            _ => return Err(format!("unknown escape in {line:?}")),
        });
    }
    out.extend(end.bytes());
    Ok(out)
}

/// Bytes of pairs of hexadecimal digits.
pub(crate) fn hex(text: &str) -> Result<Vec<u8>, String> {
    let pair = |i| text.get(i..i + 2).and_then(|p| u8::from_str_radix(p, 16).ok());
    (0..text.len()).step_by(2).map(pair).collect::<Option<_>>().ok_or(format!("not hexadecimal: {text:?}"))
}

/// `key=value` words and flags, each to be taken once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options(BTreeMap<String, String>);

impl Options {
    pub(crate) fn new(words: &[String]) -> Self {
        let split =
            |w: &String| w.split_once('=').map_or((w.clone(), String::new()), |(k, v)| (k.into(), v.into()));
        Self(words.iter().map(split).collect())
    }

    /// The value of `key`, now taken.
    pub(crate) fn take(&mut self, key: &str) -> Option<String> {
        self.0.remove(key)
    }

    /// Whether the flag was there.
    pub(crate) fn flag(&mut self, key: &str) -> bool {
        self.0.remove(key).is_some()
    }

    /// The value of `key` in another type.
    pub(crate) fn parse<T: std::str::FromStr>(&mut self, key: &str) -> Result<Option<T>, String> {
        self.take(key).map(|v| v.parse().map_err(|_| format!("{key}={v}"))).transpose()
    }

    /// The value of `key` as seconds, in nanoseconds.
    pub(crate) fn seconds(&mut self, key: &str) -> Result<Option<u64>, String> {
        self.take(key).map(|v| seconds(&v).ok_or(format!("{key}={v}"))).transpose()
    }

    /// The value of `key` as a list of numbers.
    pub(crate) fn numbers<T: std::str::FromStr>(&mut self, key: &str) -> Result<Option<Vec<T>>, String> {
        let list = |v: String| v.split(',').map(|n| n.parse().map_err(|_| format!("{key}={v}"))).collect();
        self.take(key).map(list).transpose()
    }

    /// Nothing must be left: a misspelt option is an error.
    pub(crate) fn finish(self) -> Result<(), String> {
        self.0.into_keys().next().map_or(Ok(()), |k| Err(format!("unknown option {k:?}")))
    }
}
