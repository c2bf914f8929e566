//! Notes, under the block they concern.

use super::format::plural;
use crate::report::escape::escape;
use crate::report::style;
use crate::report::wrap::wrap;
use crate::stats::Summary;
use crate::stats::summary::Block;

/// The notes of `block`, each as its lines.
pub(super) fn of(s: &Summary, block: Block, columns: usize) -> Vec<Vec<String>> {
    let notes = s.notes.iter().filter(|n| n.block == block);
    notes
        .map(|n| {
            let first = n.first.map_or(String::new(), |f| {
                let file = usize::try_from(f.file).ok().and_then(|i| s.input.files.get(i));
                let file = file.filter(|_| s.input.files.len() > 1);
                file.map_or(format!(" (frame {})", f.number), |file| {
                    format!(" (frame {} of {})", f.number, escape(&file.path))
                })
            });
            let text = format!("Note: {}{first}", n.text);
            wrap(&text, columns, 2, 8).iter().map(|l| style::aside(l)).collect()
        })
        .collect()
}

/// What stands for notes that found no room; nothing if all did.
pub(super) fn more(n: usize) -> Vec<String> {
    if n == 0 {
        return Vec::new();
    }
    vec![style::aside(&format!("{}: --full", plural(n as u64, "more note", "more notes")))]
}
