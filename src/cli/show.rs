//! `sipstat show`: the ladder of one call.

use std::collections::BTreeMap;
use std::env;

use super::Exit;
use super::output::Output;
use super::run::{finished, of_messages, tell_what_is_missing, watching};
use super::secret;
use crate::anonymize::Pseudonyms;
use crate::call::{Call, Text};
use crate::config::Config;
use crate::error::Error;
use crate::pick::{Harvest, Needle, Step};
use crate::pipeline;
use crate::report::escape::escape;
use crate::report::ladder::{Look, ladder};
use crate::transaction::CallKey;

/// Call-IDs whose messages are kept; of further ones only the one that is named in full.
const MAX_CALLS: usize = 64;
/// Messages of one Call-ID that are kept.
const MAX_STEPS: usize = 10_000;
/// Call-IDs that are named where several fit.
const MAX_NAMED: usize = 10;

/// Shows the call whose Call-ID `id` is, or is a part of.
pub(super) fn show(config: &Config, id: &str) -> Result<Exit, Error> {
    of_messages(config)?;
    let mut pseudonyms = secret::pseudonyms(config.pseudonyms.as_ref())?;
    let needle = Needle::new(id);
    let output = Output::open(None, config.report.look)?;
    let mut found = Found::new(needle.clone());
    let mut names = Vec::new();
    let counted = watching(config, |watch| {
        pipeline::run_picking(config, watch, &mut |files, harvest| {
            if names.is_empty() {
                names = files.to_vec();
            }
            found.add(harvest);
            true
        })
    })?;
    let mut one = found.choose(id, &mut pseudonyms)?;
    if let Some(pseudonyms) = &mut pseudonyms {
        one.steps.iter_mut().for_each(|step| pseudonyms.step(step));
        one.calls.iter_mut().for_each(|call| pseudonyms.call(call));
        names.iter_mut().for_each(|name| *name = pseudonyms.path(name));
    }
    let look = Look { columns: output.columns(), ascii: is_ascii_terminal() };
    let mut text = ladder(&one.steps, &one.calls, &names, look);
    if one.omitted > 0 {
        text.push_str(&format!("{} more messages are not shown\n", one.omitted));
    }
    output.write_coloured(text.as_bytes())?;
    let summary = finished(counted, &mut pseudonyms);
    tell_what_is_missing(&summary);
    Ok(Exit::of(&summary))
}

/// What passed under one Call-ID.
#[derive(Debug, Default)]
struct Passed {
    id: Text,
    steps: Vec<Step>,
    calls: Vec<Call>,
    omitted: u64,
    /// In order of the first message.
    rank: usize,
}

/// Call-IDs that the needle is in.
struct Found {
    needle: Needle,
    by_call: BTreeMap<CallKey, Passed>,
    /// Further ones, messages of which were passed over.
    others: bool,
}

impl Found {
    fn new(needle: Needle) -> Self {
        Self { needle, by_call: BTreeMap::new(), others: false }
    }

    fn add(&mut self, harvest: Harvest) {
        for step in harvest.steps {
            let known = self.by_call.len();
            let is_meant = self.needle.is(step.call_id.bytes());
            if known >= MAX_CALLS && !is_meant && !self.by_call.contains_key(&step.call) {
                self.others = true;
                continue;
            }
            let new = || Passed { id: step.call_id.clone(), rank: known, ..Passed::default() };
            let passed = self.by_call.entry(step.call).or_insert_with(new);
            if passed.steps.len() < MAX_STEPS {
                passed.steps.push(step);
            } else {
                passed.omitted += 1;
            }
        }
        for call in harvest.calls {
            if let Some(passed) = self.by_call.get_mut(&call.attempt.call) {
                passed.calls.push(call);
            }
        }
    }

    /// The one that is meant: by its whole Call-ID, by its beginning, by a part.
    fn choose(self, id: &str, pseudonyms: &mut Option<Pseudonyms>) -> Result<Passed, Error> {
        let Self { needle, by_call, others } = self;
        let mut all: Vec<Passed> = by_call.into_values().collect();
        all.sort_by_key(|p| p.rank);
        let only = |test: &dyn Fn(&[u8]) -> bool| {
            let mut fitting = all.iter().enumerate().filter(|(_, p)| test(p.id.bytes()));
            fitting.next().map(|(i, _)| i).filter(|_| fitting.next().is_none())
        };
        let exact = only(&|other| needle.is(other));
        let part = || only(&|other| needle.begins(other)).or_else(|| only(&|_| true)).filter(|_| !others);
        if let Some(i) = exact.or_else(part) {
            let mut one = all.swap_remove(i);
            one.calls.sort_by_key(|c| (c.attempt.started, c.attempt.frame));
            return Ok(one);
        }
        if all.is_empty() {
            let what = format!("no Call-ID of the capture contains '{id}'");
            return Err(Error::input("show", what).remedy("'sipstat calls' lists them"));
        }
        let name = |p: &Passed| match pseudonyms {
            Some(pseudonyms) => pseudonyms.call_id(&p.id.lossy()),
            None => escape(&p.id.to_string()).into_owned(),
        };
        let names: Vec<String> = all.iter().take(MAX_NAMED).map(name).collect();
        let count = if others { format!("more than {MAX_CALLS}") } else { all.len().to_string() };
        let more = if all.len() > MAX_NAMED { ", …" } else { "" };
        let what = format!("'{id}' is in {count} Call-IDs: {}{more}", names.join(", "));
        Err(Error::usage(what).remedy("name more of it"))
    }
}

/// The locale says that letters outside of ASCII are not understood.
fn is_ascii_terminal() -> bool {
    let set =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env::var(name).ok().filter(|v| !v.is_empty()));
    set.is_some_and(|locale| !locale.to_ascii_lowercase().replace('-', "").contains("utf8"))
}
