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

    /// By bytes, most first. What servers sent has no name; it joins the clients' row where the port
    /// has only one.
    pub(super) fn rows(&self) -> Vec<TlsRow> {
        let mut all = self.0.clone();
        for ((port, _), (_, bytes)) in
            self.0.iter().filter(|((_, name), (flows, _))| name.is_none() && *flows == 0)
        {
            let mut others = all.iter_mut().filter(|((p, name), _)| p == port && name.is_some());
            if let (Some((_, row)), None) = (others.next(), others.next()) {
                row.1 += bytes;
                all.remove(&(*port, None));
            }
        }
        let mut rows: Vec<TlsRow> = all
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_sends_joins_its_clients_where_it_has_one_name() {
        let seen = |tls: &Tls| -> Vec<_> {
            tls.rows()
                .into_iter()
                .map(|r| (r.port, r.server_name.unwrap_or_default(), r.flows, r.bytes))
                .collect()
        };
        let mut tls = Tls::default();
        tls.note(5061, None, false, 70);
        tls.note(5061, Some("a.example".into()), true, 30);
        assert_eq!(seen(&tls), [(5061, "a.example".into(), 1, 100)]);
        tls.note(5061, Some("b.example".into()), true, 20);
        tls.note(443, None, false, 1);
        assert_eq!(
            seen(&tls),
            [
                (5061, String::new(), 0, 70),
                (5061, "a.example".into(), 1, 30),
                (5061, "b.example".into(), 1, 20),
                (443, String::new(), 0, 1)
            ]
        );
        tls.note(5061, None, true, 5);
        assert_eq!(seen(&tls)[0], (5061, String::new(), 1, 75), "a client that gave no name");
    }
}
