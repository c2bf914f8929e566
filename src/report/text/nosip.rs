//! A capture without SIP explains itself: what it held instead, and what to do about it.

use super::format::{number, part, plural};
use super::header::left_out;
use super::table::Table;
use crate::fate::Fate;
use crate::report::escape::escape;
use crate::report::style;
use crate::report::wrap::wrap;
use crate::stats::Summary;
use crate::stats::summary::Input;

/// The block.
pub(super) fn lines(s: &Summary, columns: usize) -> Vec<String> {
    let input = &s.input;
    if input.frames == 0 {
        return wrap("The input holds no frames: was the capture filter too narrow?", columns, 0, 2);
    }
    let mut table = Table::new(["<What the frames hold", "frames", "share"]);
    let mut fates = input.fates.clone();
    fates.sort_by_key(|(fate, n)| (std::cmp::Reverse(*n), *fate));
    for (fate, n) in &fates {
        table.row([text(*fate).to_owned(), number(*n), part(*n, input.frames)]);
    }
    let mut out = table.lines(columns);
    // A row without flows is what servers of several names sent.
    for t in input.tls.iter().filter(|t| t.flows > 0).take(5) {
        let name = t.server_name.as_deref().map_or(String::new(), |n| format!(" ({})", escape(n)));
        let flows = plural(t.flows, "TLS flow", "TLS flows");
        out.extend(wrap(&format!("{flows} to port {}{name}", t.port), columns, 2, 4));
    }
    for hint in hints(input) {
        out.extend(wrap(&format!("Hint: {hint}"), columns, 0, 6).iter().map(|l| style::aside(l)));
    }
    out
}

/// What a frame of this fate is, in words.
pub(super) fn text(fate: Fate) -> &'static str {
    match fate {
        Fate::Sip => "SIP messages",
        Fate::Stream => "parts of SIP streams",
        Fate::Keepalive => "keep-alives",
        Fate::Stun => "STUN, TURN",
        Fate::Rtp => "looks like RTP or RTCP",
        Fate::Tls => "TLS or DTLS, encrypted",
        Fate::Sigcomp => "SigComp, compressed SIP",
        Fate::Hep => "HEP without SIP inside",
        Fate::Esp => "IPsec, encrypted",
        Fate::OtherUdp => "other UDP",
        Fate::OtherTcp => "other TCP",
        Fate::OtherSctp => "other SCTP",
        Fate::TcpControl => "TCP without payload",
        Fate::Fragment => "incomplete IP fragments",
        Fate::Icmp => "ICMP",
        Fate::OtherIp => "other IP protocols",
        Fate::NotIp => "not IP (ARP, LLDP ...)",
        Fate::UnknownLink => "link type not decoded",
        Fate::Undecodable => "headers cut or contradictory",
        Fate::Filtered => "left out by the filter",
    }
}

fn hints(input: &Input) -> Vec<String> {
    let has = |fate| input.fates.iter().any(|(f, n)| *f == fate && *n > 0);
    let most = |fate| input.fates.iter().any(|(f, n)| *f == fate && n.saturating_mul(2) > input.frames);
    let mut out = Vec::new();
    if has(Fate::Tls) || !input.tls.is_empty() {
        out.push("SIP over TLS cannot be read: capture where it is in clear (behind the proxy, or on it), or let it send HEP".to_owned());
    }
    if has(Fate::Esp) {
        out.push("IPsec hides what it carries: capture inside the tunnel's end".into());
    }
    if has(Fate::Sigcomp) {
        out.push("SigComp is not decompressed: capture behind the P-CSCF".into());
    }
    if has(Fate::UnknownLink) {
        let links: Vec<String> = input.unknown_links.iter().map(|(link, _)| link.to_string()).collect();
        out.push(format!(
            "link type {} is not decoded: capture on an Ethernet interface or on any",
            links.join(", ")
        ));
    }
    if has(Fate::Sip)
        && let Some(filter) = &input.filter
    {
        out.push(format!("there is SIP, but nothing that {filter} is true of: leave it out, or widen it"));
    }
    if has(Fate::Filtered)
        && let Some(filter) = &input.filter
    {
        let n = number(left_out(input));
        out.push(format!("no SIP found: {n} frames left out by the filter {filter}: is it too narrow?"));
    }
    if most(Fate::Undecodable) {
        out.push("most frames end within their headers: capture with a larger snap length (-s 0)".into());
    }
    if most(Fate::Fragment) {
        out.push("most frames are fragments without their first part: let the capture filter pass all IP fragments".into());
    }
    if most(Fate::Rtp) {
        out.push("this looks like media alone: signalling may use another path or was filtered out (usual ports: 5060, 5061)".into());
    }
    if out.is_empty() {
        out.push("SIP is found on any port, by its first line: it was not captured here, or it is encrypted or compressed".into());
    }
    out
}
