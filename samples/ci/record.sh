#!/bin/sh
# Calls a system 200 times with SIPp and records what passes: record.sh OUT.pcap [CALLED.xml]
#
# Needs sipp and tcpdump, and root for tcpdump (`sudo`). The system under test is a SIPp here, too:
# scenarios/healthy.xml answers, scenarios/sick.xml refuses 3 % of the calls with 503. For a system of
# your own, set TARGET=HOST:PORT: then only the caller is started.
set -eu
out=${1:?where to write the capture}
here=$(cd "$(dirname "$0")" && pwd)
called=${2:-$here/scenarios/healthy.xml}
case $called in /*) ;; *) called=$(pwd)/$called ;; esac
caller_ip=${CALLER_IP:-127.0.0.1}
target=${TARGET:-127.0.0.2:5062}
work=$(mktemp -d)
sudo=$([ "$(id -u)" = 0 ] || echo sudo)
pids=""
trap 'for p in $pids; do $sudo kill "$p" 2>/dev/null || true; done; rm -rf "$work"' EXIT

: >"$work/tcpdump.log"
$sudo tcpdump -i "${INTERFACE:-lo}" -U -s 0 -w - "host ${target%:*}" >"$work/calls.pcap" 2>"$work/tcpdump.log" &
tcpdump_pid=$!
pids=$tcpdump_pid
until grep -q listening "$work/tcpdump.log"; do
    kill -0 "$tcpdump_pid" || { cat "$work/tcpdump.log" >&2; exit 1; }
    sleep 0.1
done

if [ -z "${TARGET:-}" ]; then
    (cd "$work" && exec sipp -sf "$called" -i "${target%:*}" -p "${target#*:}" -nostdin >called.log 2>&1) &
    pids="$pids $!"
    sleep 0.5
fi

# A call that is refused is no failure of the recording: `sipstat check` judges.
(cd "$work" && sipp -sf "$here/scenarios/caller.xml" -i "$caller_ip" -p 5061 -nostdin -m "${CALLS:-200}" \
    -r "${RATE:-40}" -timeout 120 "$target" >caller.log 2>&1) || true
sleep 1
$sudo kill "$tcpdump_pid"
wait "$tcpdump_pid" 2>/dev/null || true
cp "$work/calls.pcap" "$out"
