//! What the capture holds and cannot be read: TLS by server, link types that are not decoded.

use std::collections::BTreeMap;

use crate::stats::summary::TlsRow;

/// Server names and ports that get a row of their own.
const MAX_SERVERS: usize = 256;
/// Link types that get a row of their own.
const MAX_LINKS: usize = 64;

/// TLS, by server.
#[derive(Debug, Default)]
pub(super) struct Tls(BTreeMap<(u16, Option<String>), (u64, u64)>);

impl Tls {
    /// A direction to or from the server at `port` has ended: `opened` if it is the client's.
    pub(super) fn note(&mut self, port: u16, name: Option<String>, opened: bool, bytes: u64) {
        let mut key = (port, name);
        if self.0.len() >= MAX_SERVERS && !self.0.contains_key(&key) {
            key = (port, None);
            if self.0.len() >= 2 * MAX_SERVERS && !self.0.contains_key(&key) {
                key = (0, None);
            }
        }
        let row = self.0.entry(key).or_default();
        *row = (row.0 + u64::from(opened), row.1 + bytes);
    }

    /// By bytes, most first.
    pub(super) fn rows(&self) -> Vec<TlsRow> {
        let mut rows: Vec<TlsRow> = self
            .0
            .iter()
            .map(|((port, name), (flows, bytes))| TlsRow {
                port: *port,
                server_name: name.clone(),
                flows: *flows,
                bytes: *bytes,
            })
            .collect();
        rows.sort_by(|a, b| {
            b.bytes.cmp(&a.bytes).then_with(|| (a.port, &a.server_name).cmp(&(b.port, &b.server_name)))
        });
        rows
    }
}

/// Link types that are not decoded.
#[derive(Debug, Default)]
pub(super) struct UnknownLinks(BTreeMap<u32, u64>);

impl UnknownLinks {
    pub(super) fn note(&mut self, link: u32) {
        if self.0.len() < MAX_LINKS || self.0.contains_key(&link) {
            *self.0.entry(link).or_default() += 1;
        }
    }

    /// By link type.
    pub(super) fn rows(&self) -> Vec<(u32, u64)> {
        self.0.iter().map(|(link, frames)| (*link, *frames)).collect()
    }
}
