"""Writes the SIPp scenarios of compare.sh into a folder: a caller and a called for each kind."""

import sys

VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]"
SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 40000 RTP/AVP 8"""


def request(method, cseq, via=VIA, to="To: <sip:1002@[remote_ip]:[remote_port]>", more="", sdp=False, attr=""):
    body = SDP if sdp else "Content-Length: 0\n"
    return f"""<send{attr}><![CDATA[
{method} sip:1002@[remote_ip]:[remote_port] SIP/2.0
{via}
From: <sip:1001@[local_ip]:[local_port]>;tag=f[call_number]
{to}
Call-ID: [call_id]
CSeq: {cseq} {method}
Max-Forwards: 70
Contact: <sip:1001@[local_ip]:[local_port]>
{more}{body}
]]></send>
"""


def reply(status, tag=True, more="", sdp=False, attr=""):
    to = "[last_To:];tag=t[pid]-[call_number]" if tag else "[last_To:]"
    body = SDP if sdp else "Content-Length: 0\n"
    return f"""<send{attr}><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
{to}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:1002@[local_ip]:[local_port]>
{more}{body}
]]></send>
"""


def pause(ms):
    return f'<pause milliseconds="{ms}"/>\n'


def recv(what, attr=""):
    kind = "response" if what.isdigit() else "request"
    return f'<recv {kind}="{what}"{attr}/>\n'


OPTIONAL = ' optional="true"'
AGAIN = ' retrans="500"'
HOP_ACK = dict(via="[last_Via:]", to="[last_To:]")


def invite(cseq=1, more=""):
    return request("INVITE", cseq, more=more, sdp=True, attr=AGAIN)


def talk(cseq=1, ms=800):
    return (
        request("ACK", cseq, to="[last_To:]")
        + pause(ms)
        + request("BYE", cseq + 1, to="[last_To:]", attr=AGAIN)
        + recv("200")
    )


def refused(code, before=""):
    return invite() + recv("100", OPTIONAL) + before + recv(code) + request("ACK", 1, **HOP_ACK)


ANSWER = (
    reply("180 Ringing")
    + pause(300)
    + reply("200 OK", sdp=True, attr=AGAIN)
    + recv("ACK")
    + recv("BYE")
    + reply("200 OK", tag=False)
    + '<timewait milliseconds="2000"/>\n'
)
CHALLENGE = 'Proxy-Authenticate: Digest realm="loop", nonce="47ebe028cda119c35d4877b383027d28"\n'
KINDS = {
    "answered": (
        invite() + recv("100", OPTIONAL) + recv("180", OPTIONAL) + recv("200") + talk(),
        recv("INVITE") + ANSWER,
    ),
    "busy": (refused("486"), recv("INVITE") + reply("486 Busy Here", attr=AGAIN) + recv("ACK")),
    "cancelled": (
        invite()
        + recv("180")
        + pause(700)
        + request("CANCEL", 1, via="[last_Via:]", attr=AGAIN)
        + recv("200")
        + recv("487")
        + request("ACK", 1, **HOP_ACK),
        recv("INVITE")
        + reply("180 Ringing")
        + recv("CANCEL")
        + reply("200 OK", tag=False)
        + reply("487 Request Terminated", attr=AGAIN).replace("[last_CSeq:]", "CSeq: 1 INVITE")
        + recv("ACK"),
    ),
    "unavailable": (
        refused("480", before=recv("180")),
        recv("INVITE")
        + reply("100 Trying", tag=False)
        + reply("180 Ringing")
        + pause(1500)
        + reply("480 Temporarily Unavailable", attr=AGAIN)
        + recv("ACK"),
    ),
    "overloaded": (refused("503"), recv("INVITE") + reply("503 Service Unavailable", attr=AGAIN) + recv("ACK")),
    "authenticated": (
        invite()
        + recv("407", ' auth="true"')
        + request("ACK", 1, **HOP_ACK)
        + invite(2, more="[authentication]\n")
        + recv("100", OPTIONAL)
        + recv("180", OPTIONAL)
        + recv("200")
        + talk(2),
        recv("INVITE")
        + reply("407 Proxy Authentication Required", more=CHALLENGE, attr=AGAIN)
        + recv("ACK")
        + recv("INVITE")
        + ANSWER,
    ),
    # No response at all: the caller repeats its INVITE until Timer B and fails.
    "mute": (invite() + recv("200"), recv("INVITE") + recv("BYE")),
}

for kind, (caller, called) in KINDS.items():
    for side, steps in (("caller", caller), ("called", called)):
        with open(f"{sys.argv[1]}/{kind}-{side}.xml", "w", encoding="ascii") as out:
            name = f"{kind}-{side}"
            out.write(f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="{name}">\n{steps}</scenario>\n')
