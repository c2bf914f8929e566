//! The report as GitHub-flavoured Markdown, for a pull request's comment or a job's summary.
//!
//! What one screen shows, as tables; the rest is folded away below. Foreign text stands in code
//! spans, where it is no markup, no link and calls nobody's name. Long lists are cut, so that the
//! whole stays below the 65,536 characters of a comment.

mod blocks;
mod inline;
mod table;

use std::io;

use crate::stats::Summary;

/// Characters that GitHub takes in a comment.
pub const COMMENT: usize = 65_536;

/// Writes `summary` to `out`.
pub fn write(summary: &Summary, out: &mut impl io::Write) -> io::Result<()> {
    let mut sections = vec![blocks::header(summary)];
    if summary.messages.total > 0 {
        sections.push(blocks::findings(summary));
        sections.push(blocks::outcomes(summary));
        sections.push(blocks::rates(summary));
        sections.push(blocks::next_hops(summary));
        sections.push(blocks::calls(summary));
        sections.push(blocks::register(summary));
        sections.push(blocks::failures(summary));
        sections.push(blocks::folded(summary));
    }
    sections.push(blocks::notes(summary));
    sections.retain(|lines| !lines.is_empty());
    for (i, lines) in sections.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        for line in lines {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::FileReport;
    use crate::report::{golden, sample};
    use crate::stats::summary::{FailureRow, Finding, Note, PhraseRow};

    fn text(summary: &Summary) -> String {
        let mut out = Vec::new();
        write(summary, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_incident_registrations_and_nothing() {
        golden::check("trunk.md", &text(&sample::trunk()));
        golden::check("registrations.md", &text(&sample::registrations()));
        golden::check("nothing.md", &text(&sample::nothing()));
    }

    #[test]
    fn the_longest_report_is_still_a_comment() {
        let mut s = sample::trunk();
        let long = "x|`@y\u{1b}".repeat(2_000);
        for list in [&mut s.failures.by_method_and_code, &mut s.failures.by_code] {
            let row = list[0].clone();
            list.extend((0..3_000).map(|i| FailureRow { method: format!("{long}{i}"), ..row.clone() }));
        }
        let (file, hop, note) = (
            s.input.files[0].clone(),
            s.invite.next_hops[0].clone(),
            sample::registrations().notes[0].clone(),
        );
        s.input.complete = false;
        s.input.files.extend((0..3_000).map(|_| FileReport {
            complete: false,
            path: long.clone(),
            problem: Some(long.clone()),
            ..file.clone()
        }));
        let finding = crate::report::html::tests::incident().findings[0].clone();
        s.findings.extend((0..300).map(|_| Finding { text: long.clone(), ..finding.clone() }));
        for finding in &mut s.findings {
            finding.calls.iter_mut().for_each(|call| call.call_id.clone_from(&long));
        }
        s.invite.next_hops.extend((0..3_000).map(|_| hop.clone()));
        s.notes.extend((0..3_000).map(|_| Note { text: long.clone(), ..note.clone() }));
        let time = s.response_time[0].1;
        s.response_time.extend((0..3_000).map(|i| (format!("{long}{i}"), time)));
        let status = s.phrases[0].status;
        let phrase = || PhraseRow { status, text: Some(long.clone()), count: 7 };
        s.phrases.extend((0..3_000).map(|_| phrase()));
        let length = text(&s).chars().count();
        assert!(length < COMMENT, "{length}");
    }

    #[test]
    fn every_row_of_a_table_has_the_columns_of_its_head() {
        for summary in [sample::trunk(), sample::registrations(), sample::nothing()] {
            let mut columns = None;
            for line in text(&summary).lines() {
                let cells = line.starts_with('|').then(|| line.matches('|').count());
                if let (Some(head), Some(row)) = (columns, cells) {
                    assert_eq!(head, row, "{line}");
                }
                columns = cells.map(|n| columns.unwrap_or(n));
            }
        }
    }
}
