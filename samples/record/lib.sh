# Shared by the recordings: starts and stops the capture and the programs.
#
# Each NAME.sh beside this file records ../NAME.pcap again. Needs root (for tcpdump), tcpdump,
# sipp, kamailio and, where it says so, baresip. Only addresses of 127.0.0.0/8 are used:
#   127.0.0.1 the caller, 127.0.0.2 the proxy, 127.0.0.3 and up the called.
# Call-IDs of SIPp and times differ from one recording to the next; the messages do not.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=$(basename "$0" .sh)
out=${OUT:-$here/..}
work=$(mktemp -d)
started=""

stop_all() {
    for pid in $started; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 1' INT TERM

# capture [FILTER]: what is sent on the loopback device from here on.
capture() {
    : >"$work/tcpdump.log"
    tcpdump -i lo -U -s 0 -w "$work/$name.pcap" "${1:-port 5060 or port 5070}" 2>"$work/tcpdump.log" &
    tcpdump_pid=$!
    started="$started $tcpdump_pid"
    until grep -q listening "$work/tcpdump.log"; do sleep 0.1; done
}

# Ends the capture and puts it in its place.
finish() {
    sleep 1
    kill "$tcpdump_pid"
    wait "$tcpdump_pid" 2>/dev/null || true
    cat "$work/$name.pcap" >"$out/$name.pcap"
    echo "$out/$name.pcap: $(tcpdump -r "$out/$name.pcap" 2>/dev/null | wc -l) packets"
}

# called SCENARIO ADDRESS [OPTIONS]: a SIPp that is called, in the background.
called() {
    scenario=$1 address=$2
    shift 2
    (cd "$work" && exec sipp -sf "$here/scenarios/$scenario.xml" -i "$address" -p 5060 -nostdin "$@" \
        >"$work/called-$address.log" 2>&1) &
    started="$started $!"
    sleep 0.5
}

# caller SCENARIO TARGET [OPTIONS]: a SIPp that calls; ends when its calls have ended.
caller() {
    scenario=$1 target=$2
    shift 2
    (cd "$work" && sipp -sf "$here/scenarios/$scenario.xml" -i 127.0.0.1 -p 5060 -nostdin \
        -cid_str "%u-$name@%s" -timeout 20 -m 1 "$@" "$target" >"$work/caller.log" 2>&1) ||
        { echo "$name: the caller's scenario failed" >&2; tail -40 "$work/caller.log" >&2; return 1; }
}

# proxy CONFIGURATION [SED]: a Kamailio on 127.0.0.2 in the background; SED fills in paths.
proxy() {
    mkdir -p "$work/run"
    cp "$here"/kamailio/* "$work/run/"
    sed -i "${2:-}" "$work/run/$1.cfg"
    kamailio -DD -E -m 32 -M 4 -Y "$work/run" -w "$work/run" -P "$work/run/pid" \
        -f "$work/run/$1.cfg" >"$work/kamailio.log" 2>&1 &
    kamailio_pid=$!
    started="$started $kamailio_pid"
    sleep 2
    kill -0 "$kamailio_pid" || { tail -20 "$work/kamailio.log" >&2; return 1; }
}

# incident DISTURBED: calls for ninety seconds through a proxy to two gateways, the second of which is
# disturbed from the thirtieth to the sixtieth. Compressed: it is the longest of the recordings.
incident() {
    start=$(($(date +%s) + 5))
    for gateway in "3 0 0" "4 $((start + 30)) $((start + 60))"; do
        set -- "$1" $gateway
        sed "s/FROM/$3/; s/TO\"/$4\"/; s/DISTURBED/$1/" "$here/scenarios/gateway.xml" >"$work/gateway-$2.xml"
        (cd "$work" && exec sipp -sf "gateway-$2.xml" -i "127.0.0.$2" -p 5060 -nostdin -trace_err \
            >"called-$2.log" 2>&1) &
        started="$started $!"
    done
    proxy two-gateways "s|GATEWAYS|$work/run/two-gateways.list|"
    capture "udp port 5060"
    while [ "$(date +%s)" -lt "$start" ]; do sleep 0.1; done
    caller caller 127.0.0.2:5060 -r 4 -m 360 -timeout 150 -cid_str "%u-$name@%s"
    finish
    gzip -9 -n -f "$out/$name.pcap"
}
