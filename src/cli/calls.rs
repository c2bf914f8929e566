//! `sipstat calls`: one row an attempt.

use super::Exit;
use super::output::Output;
use super::run::{finished, has_messages, readable, tell, tell_what_is_missing, watching};
use super::secret;
use super::stream::Stream;
use crate::config::Config;
use crate::error::Error;
use crate::pick::{By, HELD, Order};
use crate::pipeline;
use crate::report::rows::{Format, Rows};

/// What the rows shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) format: Format,
    pub(super) by: By,
    pub(super) limit: Option<u64>,
}

/// Runs over the captures of `config`, and writes rows to where it says.
pub(super) fn calls(config: &Config, wanted: Wanted) -> Result<Exit, Error> {
    readable(config)?;
    has_messages(config)?;
    let mut pseudonyms = secret::pseudonyms(config.pseudonyms.as_ref())?;
    let output = Output::open(config.report.output.as_deref(), config.report.look)?;
    let columns = output.columns();
    let mut out = Stream::open(output)?;
    let mut order = Order::new(wanted.by, wanted.limit, HELD);
    let mut rows: Option<Rows> = None;
    let begin = |files: &[String], out: &mut Stream| {
        let rows = Rows::new(wanted.format, columns, files, config.scale());
        out.write(&rows.head());
        rows
    };
    let counted = watching(config, |watch| {
        pipeline::run_picking(config, watch, &mut |files, harvest| {
            let rows = rows.get_or_insert_with(|| match &mut pseudonyms {
                None => begin(files, &mut out),
                Some(p) => begin(&files.iter().map(|f| p.path(f)).collect::<Vec<_>>(), &mut out),
            });
            for mut call in harvest.calls.into_iter().filter_map(|call| order.push(call)) {
                if let Some(p) = &mut pseudonyms {
                    p.call(&mut call);
                }
                if !out.write(&rows.row(&call)) {
                    return false;
                }
            }
            wanted.by != By::End || out.flush()
        })
    })?;
    let mut rows = rows.unwrap_or_else(|| begin(&[], &mut out));
    for mut call in order.finish() {
        if let Some(p) = &mut pseudonyms {
            p.call(&mut call);
        }
        out.write(&rows.row(&call));
    }
    out.write(&rows.foot(order.omitted()));
    let gone = !out.flush();
    out.finish()?;
    if gone {
        return Ok(Exit::Whole);
    }
    if order.misplaced() > 0 {
        tell(&format!(
            "{} rows stand behind one that began later: more than {HELD} calls would have had to wait",
            order.misplaced()
        ));
    }
    if order.omitted() > 0 && wanted.limit.is_none() {
        tell(&format!("{} calls are not shown: only {HELD} can be sorted", order.omitted()));
    }
    let summary = finished(counted, &mut pseudonyms);
    tell_what_is_missing(&summary);
    Ok(Exit::of(&summary))
}
