//! Writes SIP messages: remembers what was sent between whom, so that Via lists, branches and tags
//! of later messages follow as RFC 3261 has them (8.2.6, 9.1, 13.2.2.4, 16.6, 17.1.1.3).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::fields::{DOMAIN, cookied, credentials, merged, reason, sdp, via};
use super::text::Options;

/// The To tag of responses whose line gives none.
const TO_TAG: &str = "t1";

/// Who sends and receives.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// On the wire.
    pub(crate) address: SocketAddr,
    /// Sent-by of its Via.
    pub(crate) via: String,
}

/// The identifiers of one call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) ftag: String,
    /// User parts.
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Call {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            id: format!("{name}@{DOMAIN}"),
            ftag: format!("f-{name}"),
            from: "1001".into(),
            to: "1002".into(),
        }
    }
}

/// A request that went over one hop.
#[derive(Clone, Debug)]
struct Request {
    method: String,
    cseq: String,
    from: String,
    to: String,
    vias: Vec<String>,
    from_header: String,
    to_header: String,
    /// Code and To tag of the latest response on this hop.
    answer: Option<(u16, String)>,
}

/// Hosts, calls, and the requests so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Composer {
    pub(crate) hosts: BTreeMap<String, Host>,
    pub(crate) calls: BTreeMap<String, Call>,
    /// By call, in the order of the script.
    requests: BTreeMap<String, Vec<Request>>,
    /// To tag of the last 2xx to INVITE, by call.
    dialogs: BTreeMap<String, String>,
}

impl Composer {
    pub(crate) fn host(&self, name: &str) -> Result<&Host, String> {
        self.hosts.get(name).ok_or(format!("no host {name:?}"))
    }

    /// The bytes of one message. `code`: a response; `cseq`: method and number.
    #[allow(clippy::too_many_arguments, reason = "one call site; a struct would only name them again")]
    pub(crate) fn write(
        &mut self,
        call: &str,
        [from, to]: [&str; 2],
        code: Option<&str>,
        [method, cseq]: [&str; 2],
        o: &mut Options,
        extra: Vec<(String, String)>,
        mut body: Vec<u8>,
        tcp: bool,
    ) -> Result<Vec<u8>, String> {
        self.calls.entry(call.to_string()).or_insert_with(|| Call::new(call));
        let hop = Hop { call, from, to, method, cseq, branch: o.take("branch"), tcp };
        let mut headers = Vec::new();
        let start_line = match code {
            None => self.request(&hop, o, &mut headers)?,
            Some(code) => self.response(&hop, code, o, &mut headers)?,
        };
        let mut content_type = o.take("type");
        if o.flag("sdp") {
            content_type = Some("application/sdp".into());
            body = sdp(&self.host(from)?.address);
        }
        if let Some(line) = o.take("frag") {
            content_type = Some("message/sipfrag".into());
            body = format!("{line}\r\n").into_bytes();
        }
        headers.extend(content_type.map(|t| ("Content-Type".to_string(), t)));
        headers.push(("Content-Length".into(), body.len().to_string()));
        let mut bytes = format!("{start_line}\r\n").into_bytes();
        for (name, value) in merged(headers, extra) {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(body);
        Ok(bytes)
    }

    fn request(
        &mut self,
        hop: &Hop<'_>,
        o: &mut Options,
        headers: &mut Vec<(String, String)>,
    ) -> Result<String, String> {
        let call = self.calls[hop.call].clone();
        let method = hop.method;
        let invite = |r: &&Request| r.method == "INVITE" && hop.is(r);
        let earlier = self.requests.get(hop.call).map_or(&[][..], Vec::as_slice);
        let to_invite = earlier.iter().rev().find(invite);
        // The ACK to a non-2xx final belongs to the INVITE's transaction.
        let hop_ack =
            method == "ACK" && to_invite.and_then(|r| r.answer.as_ref()).is_some_and(|a| a.0 >= 300);
        let passed =
            earlier.iter().rev().find(|r| r.method == method && r.cseq == hop.cseq && r.to == hop.from);

        let own = self.via(hop, method)?;
        let vias = match (o.take("via"), o.flag("fwd")) {
            (Some(list), _) => self.via_list(&list, hop.tcp)?,
            (None, true) => {
                let passed = passed.ok_or(format!("{} has no {method} {} to pass on", hop.from, hop.cseq))?;
                [vec![own], passed.vias.clone()].concat()
            }
            (None, false) if method == "CANCEL" || hop_ack => {
                let of_invite = self.via(hop, "INVITE")?;
                vec![to_invite.and_then(|r| r.vias.first().cloned()).unwrap_or(of_invite)]
            }
            (None, false) => vec![own],
        };

        let in_dialog = matches!(method, "BYE" | "INFO" | "UPDATE" | "PRACK" | "NOTIFY" | "REFER" | "ACK");
        let tag = match o.take("ttag") {
            None if hop_ack => to_invite.and_then(|r| r.answer.as_ref()).map(|a| a.1.clone()),
            None if in_dialog => Some(self.dialogs.get(hop.call).map_or(TO_TAG, String::as_str).to_string()),
            None => None,
            Some(tag) => (tag != "-").then_some(tag),
        };
        let ftag = o.take("ftag").unwrap_or(call.ftag);
        let (from_user, to_user) = (o.take("from").unwrap_or(call.from), o.take("to").unwrap_or(call.to));
        let to_user = if method == "REGISTER" { from_user.clone() } else { to_user };
        let tagged = |user: &str, tag: Option<&str>| match tag.filter(|t| *t != "-") {
            Some(tag) => format!("<sip:{user}@{DOMAIN}>;tag={tag}"),
            None => format!("<sip:{user}@{DOMAIN}>"),
        };
        let (mut from_header, mut to_header) =
            (tagged(&from_user, Some(&ftag)), tagged(&to_user, tag.as_deref()));
        let mut called = to_user;
        if o.flag("reversed") {
            std::mem::swap(&mut from_header, &mut to_header);
            called = from_user.clone();
        }

        headers.extend(vias.iter().map(|v| ("Via".to_string(), v.clone())));
        headers.push(("Max-Forwards".into(), (71_usize.saturating_sub(vias.len())).to_string()));
        headers.push(("From".into(), from_header.clone()));
        headers.push(("To".into(), to_header.clone()));
        headers.push(("Call-ID".into(), call.id));
        headers.push(("CSeq".into(), format!("{} {method}", hop.cseq)));
        if matches!(method, "INVITE" | "REGISTER" | "SUBSCRIBE" | "UPDATE" | "REFER") {
            headers.push(("Contact".into(), format!("<sip:{from_user}@{}>", self.host(hop.from)?.via)));
        }
        let realm = o.take("realm").unwrap_or(DOMAIN.into());
        if let Some(code) = o.take("auth") {
            let name = if code == "401" { "Authorization" } else { "Proxy-Authorization" };
            headers.push((name.into(), credentials(&from_user, &realm)));
        }
        self.requests.entry(hop.call.into()).or_default().push(Request {
            method: method.into(),
            cseq: hop.cseq.into(),
            from: hop.from.into(),
            to: hop.to.into(),
            vias,
            from_header,
            to_header,
            answer: None,
        });
        let uri = match o.take("uri") {
            Some(uri) => uri,
            None if method == "REGISTER" => format!("sip:{DOMAIN}"),
            None => format!("sip:{called}@{}", self.host(hop.to)?.via),
        };
        Ok(format!("{method} {uri} SIP/2.0"))
    }

    fn response(
        &mut self,
        hop: &Hop<'_>,
        code: &str,
        o: &mut Options,
        headers: &mut Vec<(String, String)>,
    ) -> Result<String, String> {
        let call = self.calls[hop.call].clone();
        let number: u16 = code.parse().map_err(|_| format!("code {code}"))?;
        // The request went the other way.
        let asked = Hop { from: hop.to, to: hop.from, ..hop.clone() };
        let earlier = self.requests.get(hop.call).map_or(&[][..], Vec::as_slice);
        let known = earlier.iter().rposition(|r| r.method == hop.method && asked.is(r));
        let request = known.map(|i| &earlier[i]);
        let vias = match (o.take("via"), request) {
            (Some(list), _) => self.via_list(&list, hop.tcp)?,
            (None, Some(r)) => r.vias.clone(),
            (None, None) => vec![self.via(&asked, hop.method)?],
        };
        let (from_user, to_user) = (o.take("from").unwrap_or(call.from), o.take("to").unwrap_or(call.to));
        let ftag = o.take("ftag").unwrap_or(call.ftag);
        let from_header = match request {
            Some(r) => r.from_header.clone(),
            None if ftag == "-" => format!("<sip:{from_user}@{DOMAIN}>"),
            None => format!("<sip:{from_user}@{DOMAIN}>;tag={ftag}"),
        };
        let to_header = request.map_or(format!("<sip:{to_user}@{DOMAIN}>"), |r| r.to_header.clone());
        let given = o.take("ttag");
        let default = if code == "100" { "-" } else { TO_TAG };
        let tag = given.as_deref().unwrap_or(default);
        let has_one = to_header.contains(";tag=");
        let to_header = if has_one || tag == "-" { to_header } else { format!("{to_header};tag={tag}") };
        let tag = to_header.split_once(";tag=").map_or(String::new(), |(_, t)| t.to_string());
        if let (Some(i), Some(all)) = (known, self.requests.get_mut(hop.call)) {
            all[i].answer = Some((number, tag.clone()));
        }
        if hop.method == "INVITE" && (200..300).contains(&number) {
            self.dialogs.insert(hop.call.into(), tag);
        }

        headers.extend(vias.into_iter().map(|v| ("Via".to_string(), v)));
        headers.push(("From".into(), from_header));
        headers.push(("To".into(), to_header));
        headers.push(("Call-ID".into(), call.id));
        headers.push(("CSeq".into(), format!("{} {}", hop.cseq, hop.method)));
        if (hop.method == "INVITE" && (101..400).contains(&number))
            || (hop.method == "REGISTER" && number == 200)
        {
            let user = if hop.method == "REGISTER" { from_user } else { to_user };
            let at = if hop.method == "REGISTER" { hop.to } else { hop.from };
            headers.push(("Contact".into(), format!("<sip:{user}@{}>", self.host(at)?.via)));
        }
        let realm = o.take("realm").unwrap_or(DOMAIN.into());
        let stale = if o.flag("stale") { ", stale=true" } else { "" };
        if let Some(name) = match code {
            "401" => Some("WWW-Authenticate"),
            "407" => Some("Proxy-Authenticate"),
            _ => None,
        } {
            headers.push((name.into(), format!("Digest realm=\"{realm}\", nonce=\"4f3a91c2\"{stale}")));
        }
        let reason = o.take("reason").unwrap_or(reason(number).into());
        Ok(format!("SIP/2.0 {code} {reason}"))
    }

    /// The Via value of a request of `method` on this hop.
    fn via(&self, hop: &Hop<'_>, method: &str) -> Result<String, String> {
        let derived = format!("{}-{}-{method}-{}-{}", hop.call, hop.cseq, hop.from, hop.to);
        Ok(via(&self.host(hop.from)?.via, hop.branch.as_deref().unwrap_or(&derived), hop.tcp))
    }

    /// `host/branch,host/branch`, topmost first; `none`.
    fn via_list(&self, list: &str, tcp: bool) -> Result<Vec<String>, String> {
        if list == "none" {
            return Ok(Vec::new());
        }
        let one = |item: &str| {
            let (host, branch) = item.split_once('/').ok_or(format!("via={list}"))?;
            Ok(via(&self.host(host)?.via, branch, tcp))
        };
        list.split(',').map(one).collect()
    }
}

/// One message's place: whose call, between whom, of which request.
#[derive(Clone, Debug)]
struct Hop<'a> {
    call: &'a str,
    from: &'a str,
    to: &'a str,
    method: &'a str,
    cseq: &'a str,
    branch: Option<String>,
    tcp: bool,
}

impl Hop<'_> {
    /// Whether `r` went this way in this call with this CSeq number (and branch, if given).
    fn is(&self, r: &Request) -> bool {
        let branch =
            |b: &String| r.vias.first().is_some_and(|v| v.ends_with(&format!(";branch={}", cookied(b))));
        r.cseq == self.cseq
            && (r.from == self.from && r.to == self.to)
            && self.branch.as_ref().is_none_or(branch)
    }
}
