//! The key of pseudonyms: from a file, or made up for one run.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::anonymize::{MIN_SECRET, Pseudonyms};
use crate::config::Secret;
use crate::error::Error;

/// Bytes of a key file that are read: a key is short, and a wrong path may be long.
const MOST: u64 = 1 << 16;

/// Pseudonyms as asked for; tried before the run, so that a wrong file fails at once.
pub(super) fn pseudonyms(secret: Option<&Secret>) -> Result<Option<Pseudonyms>, Error> {
    let (bytes, from) = match secret {
        None => return Ok(None),
        Some(Secret::Random) => (random()?, Path::new("")),
        Some(Secret::File(path)) => (read(path)?, path.as_path()),
    };
    Pseudonyms::of_secret(&bytes).map(Some).map_err(|_| {
        let e = Error::usage(format!("{}: a key has {MIN_SECRET} bytes or more", from.display()));
        e.remedy("make one: head -c 32 /dev/urandom > FILE")
    })
}

fn random() -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; 32];
    getrandom::fill(&mut bytes).map_err(|e| Error::usage(format!("no randomness for a key: {e}")))?;
    Ok(bytes)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
    read.map_err(|e| Error::usage(format!("{}: the key cannot be read: {e}", path.display())))?;
    // A key typed into an editor ends in a line end that nobody meant.
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_gives_the_same_key_every_time_and_no_file_another() {
        let path = std::env::temp_dir().join(format!("sipstat-key-{}", std::process::id()));
        fs::write(&path, "correct horse battery staple\n").unwrap();
        let file = Some(Secret::File(path.clone()));
        let user = |secret: Option<&Secret>| pseudonyms(secret).unwrap().unwrap().user("alice");
        assert_eq!(user(file.as_ref()), user(file.as_ref()));
        assert_ne!(user(Some(&Secret::Random)), user(Some(&Secret::Random)));
        assert!(pseudonyms(None).unwrap().is_none());
        fs::write(&path, "short").unwrap();
        let e = pseudonyms(file.as_ref()).unwrap_err().to_string();
        assert!(e.contains("16 bytes or more") && e.contains("urandom"), "{e}");
        fs::remove_file(path).unwrap();
        assert!(pseudonyms(file.as_ref()).is_err());
    }
}
