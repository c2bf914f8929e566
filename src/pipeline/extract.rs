//! Whole calls out of captures: every frame that holds a part of them, as it was captured.
//!
//! Up to three runs over the same files: which calls fulfil the condition, which frames hold their
//! messages and where their media pass, and the copying.

use std::io::Write;
use std::sync::Arc;

use super::locate::{Located, Locator};
use super::sink::Sink;
use super::{Run, nothing_found, progress, select, unreadable};
use crate::anomaly::Anomalies;
use crate::capture::{FileReport, Found, Frame, Inputs, Writer};
use crate::config::Config;
use crate::decode::{Decoded, Decoder, Limits};
use crate::error::Error;
use crate::filter::Gate;
use crate::pick::Select;
use crate::shard;
use crate::time::Timestamp;
use crate::watch::Watch;

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct Extracted {
    /// What was selected, and how many of that; `None` where all calls were.
    pub selected: Option<(Select, u64)>,
    /// Messages of them.
    pub messages: u64,
    /// Frames written, media included.
    pub frames: u64,
    /// Frames of media.
    pub media: u64,
    /// Connections that had to be forgotten while frames were looked for: messages may lack segments.
    pub forgotten: u64,
    /// Addresses of media that found no room.
    pub refused: u64,
    /// What can be said of each input file.
    pub files: Vec<FileReport>,
    /// It was ended early.
    pub interrupted: bool,
}

/// Writes the calls that fulfil `config.condition` (without one: all) to `out`, as pcapng; `media`: with
/// their media.
pub fn extract(
    config: &Config,
    media: bool,
    watch: &mut Watch<'_>,
    out: impl Write,
) -> Result<Extracted, Error> {
    let found = Found::look(&config.captures, config.recursive);
    if found.files.is_empty() {
        return Err(nothing_found(&found, config));
    }
    if let Some(pipe) = found.files.iter().find(|f| !Inputs::can_be_read_again(f)) {
        let what = format!("{} is a pipe: it can be read once, and extract reads twice", pipe.display());
        return Err(Error::usage(what).remedy("save it to a file"));
    }
    if config.report.output.as_ref().is_some_and(|output| found.has(output)) {
        return Err(Error::usage("the output is one of the captures to be read").remedy("choose another"));
    }
    let only = match &config.condition {
        Some(condition) => Some(Arc::new(select(config, condition, watch)?.over(&names(&found)?))),
        None => None,
    };
    let selected = only.as_ref().map(|o| (o.select(), o.len() as u64));
    let mut extracted = Extracted { selected, ..Extracted::default() };
    let mut run = Run::new(&Config { threads: 1, ..config.clone() }, shard::Limits::within(0));
    let locator = Locator::new(only, media, run.decoder.note_parts());
    run.network.sink = Sink::locating(config, locator);
    let end = read(&found, config, watch, &mut extracted, |frame| {
        run.frame(frame);
        Ok(())
    })?;
    let located = run.locate(end.unwrap_or_default());
    (extracted.messages, extracted.forgotten) = (located.messages, located.forgotten);
    extracted.refused = located.media.refused;
    copy(&found, config, watch, &located, &mut extracted, out)?;
    Ok(extracted)
}

/// What the files are called, by number.
fn names(found: &Found) -> Result<Vec<String>, Error> {
    let inputs = Inputs::open(&found.files).map_err(|errors| unreadable(&errors))?;
    Ok(inputs.reports().into_iter().map(|r| r.path).collect())
}

/// The last run: copies what was located.
fn copy(
    found: &Found,
    config: &Config,
    watch: &mut Watch<'_>,
    located: &Located,
    extracted: &mut Extracted,
    out: impl Write,
) -> Result<(), Error> {
    let name = || config.report.output.as_ref().map_or("standard output".into(), |p| p.display().to_string());
    let failed = |e: std::io::Error| Error::output(name(), format!("cannot be written: {e}"));
    let mut writer = Writer::new(out).map_err(failed)?;
    let mut decoder = Decoder::new(Limits::default());
    let mut notes = Anomalies::default();
    let mut media = 0;
    let end = read(found, config, watch, extracted, |frame| {
        let is_media = !located.media.is_empty()
            && match decoder.decode(frame, &mut notes) {
                Decoded::Datagram(p) => located.media.holds(p.flow, frame.stamp.time),
                _ => false,
            };
        if is_media || located.frames.contains(frame.id) {
            writer.write(frame).map_err(failed)?;
            media += u64::from(!located.frames.contains(frame.id));
        }
        Ok(())
    })?;
    (extracted.frames, extracted.media) = (writer.frames(), media);
    writer.finish(end).map_err(failed)
}

/// One run over the frames that the user wants; the end of the capture.
fn read(
    found: &Found,
    config: &Config,
    watch: &mut Watch<'_>,
    extracted: &mut Extracted,
    mut take: impl FnMut(&Frame<'_>) -> Result<(), Error>,
) -> Result<Option<Timestamp>, Error> {
    let mut inputs = Inputs::open(&found.files).map_err(|errors| unreadable(&errors))?;
    let mut gate = Gate::new(config.filter.window);
    let mut notes = Anomalies::default();
    while let Some(frame) = inputs.next(&mut notes) {
        if let Some(stamp) = gate.admit(frame.stamp) {
            take(&Frame { stamp, ..frame })?;
        }
        if !watch.goes_on(1, || progress(&inputs, 0)) {
            extracted.interrupted = true;
            break;
        }
    }
    extracted.files = inputs.reports();
    Ok(inputs.end().map(|end| gate.bounded(end)))
}

impl Run {
    /// Ends a run that located frames.
    fn locate(mut self, now: Timestamp) -> Located {
        let Self { decoder, network, notes, .. } = &mut self;
        decoder.finish(notes, |part, id, stamp| {
            network.packet(&part, id, stamp);
        });
        network.finish(now);
        self.network.sink.located()
    }
}
