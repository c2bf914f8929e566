//! Values of header fields and bodies, and the merging of default headers with given ones.

use std::net::SocketAddr;

/// The domain of all addresses of record.
pub(crate) const DOMAIN: &str = "example.com";

pub(crate) fn via(sent_by: &str, branch: &str, tcp: bool) -> String {
    let transport = if tcp { "TCP" } else { "UDP" };
    format!("SIP/2.0/{transport} {sent_by};branch={}", cookied(branch))
}

pub(crate) fn cookied(branch: &str) -> String {
    branch.strip_prefix('!').map_or(format!("z9hG4bK-{branch}"), str::to_string)
}

/// Headers given in the script take the place of defaults of the same name; empty values remove.
pub(crate) fn merged(defaults: Vec<(String, String)>, given: Vec<(String, String)>) -> Vec<(String, String)> {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let mut out: Vec<(String, String)> = Vec::new();
    let mut used = vec![false; given.len()];
    for (name, value) in defaults {
        if !given.iter().any(|(n, _)| same(n, &name)) {
            out.push((name, value));
            continue;
        }
        for (i, (n, v)) in given.iter().enumerate() {
            if same(n, &name) && !std::mem::replace(&mut used[i], true) && !v.is_empty() {
                out.push((n.clone(), v.clone()));
            }
        }
    }
    // New ones stand before the last two or one, which describe the body.
    let at = out.iter().position(|(n, _)| n.starts_with("Content-")).unwrap_or(out.len());
    let new = given.into_iter().zip(used).filter(|((_, v), used)| !used && !v.is_empty()).map(|(h, _)| h);
    out.splice(at..at, new);
    out
}

pub(crate) fn credentials(user: &str, realm: &str) -> String {
    format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"4f3a91c2\", uri=\"sip:{DOMAIN}\", \
         response=\"0123456789abcdef0123456789abcdef\""
    )
}

pub(crate) fn sdp(at: &SocketAddr) -> Vec<u8> {
    let (ip, v) = (at.ip(), if at.is_ipv4() { 4 } else { 6 });
    format!("v=0\r\no=- 1 1 IN IP{v} {ip}\r\ns=-\r\nc=IN IP{v} {ip}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n")
        .into_bytes()
}

/// The registered phrase of the codes that ladders use; others get a word of ours.
pub(crate) fn reason(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        199 => "Early Dialog Terminated",
        200 => "OK",
        202 => "Accepted",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => "Whatever",
    }
}
