#!/bin/sh
# Some thousand calls between SIPp and SIPp, recorded with tcpdump, counted by both: SIPp's own
# statistics and those of sipstat about the recording have to agree, call for call.
#
#   tests/sipp/compare.sh [CALLS] [CALLS_PER_SECOND]     of each of seven kinds; 500 and 25
#
# Needs root (for tcpdump), sipp, tcpdump and python3. Only addresses of 127.0.0.0/8 are used.
# SIPSTAT names the program; without it one is built. KEEP names a folder for the recording.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
calls=${1:-500}
rate=${2:-25}
sipstat=${SIPSTAT:-}
if [ -z "$sipstat" ]; then
    cargo build --quiet --release --manifest-path "$here/../../Cargo.toml"
    sipstat=$here/../../target/release/sipstat
fi
work=$(mktemp -d)
started=""
stop_all() {
    for pid in $started; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 1' INT TERM

python3 "$here/scenarios.py" "$work"
: >"$work/tcpdump.log"
tcpdump -i lo -B 65536 -s 0 -w "$work/calls.pcap" "udp port 5060" 2>"$work/tcpdump.log" &
tcpdump_pid=$!
started="$started $tcpdump_pid"
until grep -q listening "$work/tcpdump.log"; do sleep 0.1; done

n=0
for kind in answered busy cancelled unavailable overloaded authenticated mute; do
    n=$((n + 1))
    mkdir "$work/$kind"
    (cd "$work/$kind" && exec sipp -sf "$work/$kind-called.xml" -i "127.0.3.$n" -p 5060 -nostdin \
        >called.log 2>&1) &
    started="$started $!"
done
sleep 1
n=0
callers=""
for kind in answered busy cancelled unavailable overloaded authenticated mute; do
    n=$((n + 1))
    (cd "$work/$kind" && exec sipp -sf "$work/$kind-caller.xml" -i "127.0.2.$n" -p 5060 -nostdin -au u -ap p \
        -cid_str "%u-$kind@%s" -m "$calls" -r "$rate" -l 100000 -trace_stat -stf stat.csv -trace_counts -fd 1 \
        "127.0.3.$n:5060" >caller.log 2>&1) &
    callers="$callers $!"
    started="$started $!"
done
for pid in $callers; do
    # A caller of which a call failed ends with 1; what failed shows in its statistics.
    wait "$pid" || true
done
# Silence is a verdict after 32 s (Timer B), by the capture's clock: a keep-alive moves it on.
sleep 33
python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"\r\n\r\n", ("127.0.3.1", 5060))'
sleep 1
kill -INT "$tcpdump_pid"
wait "$tcpdump_pid" 2>/dev/null || true
grep -E "captured|dropped" "$work/tcpdump.log"
"$sipstat" --format json "$work/calls.pcap" >"$work/report.json" || true
if [ -n "${KEEP:-}" ]; then
    mkdir -p "$KEEP"
    cp -r "$work/." "$KEEP/"
fi
python3 "$here/compare.py" "$work"
