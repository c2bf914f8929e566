//! A run as it shows most: everything that names something, calls and messages among it.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use sipstat::anonymize::Pseudonyms;
use sipstat::baseline;
use sipstat::compare::compare;
use sipstat::config::{Config, Grouping};
use sipstat::dimension::Dimension;
use sipstat::pick::{Harvest, Needle, Wish};
use sipstat::pipeline;
use sipstat::stats::{Counted, Summary};
use sipstat::time::Nanos;
use sipstat::watch::Watch;

use crate::outputs::{self, Output};

/// What was counted and picked of some captures.
pub(crate) struct Run {
    pub(crate) counted: Counted,
    pub(crate) all: Harvest,
    pub(crate) files: Vec<String>,
}

impl Run {
    pub(crate) fn of(captures: &[impl AsRef<Path>]) -> Self {
        let stop = AtomicBool::new(false);
        let by = Dimension::ALL.chunks(2).map(<[Dimension]>::to_vec).collect();
        let grouping = Grouping { by, top: 1000, interval: Some(Nanos::ZERO), ..Grouping::default() };
        let config = Config { threads: 1, grouping, ..Config::new(captures.iter().map(AsRef::as_ref)) };
        let counted = pipeline::count(&config, &mut Watch::new(&stop, None)).unwrap();
        let pick = Wish { calls: true, needle: Some(Needle::new("")), ..Wish::default() };
        let (mut all, mut files) = (Harvest::default(), Vec::new());
        let mut take = |names: &[String], harvest| {
            files = names.to_vec();
            all.merge(harvest);
            true
        };
        pipeline::run_picking(&Config { pick, ..config }, &mut Watch::new(&stop, None), &mut take).unwrap();
        Self { counted, all, files }
    }

    /// The same under pseudonyms.
    pub(crate) fn hidden(mut self, pseudonyms: &mut Pseudonyms) -> Self {
        self.all.calls.iter_mut().for_each(|call| pseudonyms.call(call));
        self.all.steps.iter_mut().for_each(|step| pseudonyms.step(step));
        self.files.iter_mut().for_each(|file| *file = pseudonyms.path(file));
        Self { counted: pseudonyms.counted(self.counted).unwrap(), ..self }
    }

    pub(crate) fn summary(&self) -> Summary {
        self.counted.clone().into_summary()
    }

    /// Everything that can be written of it, its saved summary included.
    pub(crate) fn outputs(&self) -> Vec<Output> {
        let mut outputs = outputs::outputs(&self.summary());
        let side = || (self.files.concat(), self.counted.clone());
        outputs.extend(outputs::compared(&compare(side(), side()), &[]));
        outputs.extend(outputs::listed(&self.all.calls, &self.files));
        outputs.extend(outputs::drawn(&self.all.steps, &self.all.calls, &self.files));
        let saved = baseline::to_json(self.counted.clone()).unwrap();
        outputs.push(("saved", String::from_utf8(saved).unwrap()));
        outputs
    }
}
