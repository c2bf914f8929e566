#!/bin/sh
# A call between two network namespaces over VXLAN, captured on the wire between them, outside of it.
# Addresses exist within the namespaces only.
. "$(dirname "$0")/lib.sh"
left=sipstat-left right=sipstat-right
remove() {
    ip netns del $left 2>/dev/null || true
    ip netns del $right 2>/dev/null || true
}
trap 'stop_all; remove' EXIT
remove
ip netns add $left
ip netns add $right
ip -n $left link add wire type veth peer name wire netns $right
for side in "$left 1 2" "$right 2 1"; do
    set -- $side
    ip -n "$1" link set lo up
    ip -n "$1" link set wire up
    ip -n "$1" address add "192.0.2.$2/24" dev wire
    ip -n "$1" link add inside type vxlan id 42 remote "192.0.2.$3" dstport 4789 dev wire
    ip -n "$1" address add "198.51.100.$2/24" dev inside
    ip -n "$1" link set inside up
done
sleep 2
ip netns exec $left tcpdump -i wire -U -s 0 -w "$work/$name.pcap" "udp port 4789 and greater 200" 2>"$work/tcpdump.log" &
tcpdump_pid=$!
started="$started $tcpdump_pid"
until grep -q listening "$work/tcpdump.log"; do sleep 0.1; done
ip netns exec $right sipp -sf "$here/scenarios/answers.xml" -i 198.51.100.2 -p 5060 -nostdin \
    >"$work/called.log" 2>&1 &
started="$started $!"
sleep 0.5
ip netns exec $left sipp -sf "$here/scenarios/caller.xml" -i 198.51.100.1 -p 5060 -nostdin \
    -cid_str "%u-$name@%s" -timeout 20 -m 1 198.51.100.2:5060 >"$work/caller.log" 2>&1
finish
