#!/bin/sh
# A call through a relay that changes addresses and nothing else, seen on both of its sides: what
# a NAT or the port forwarding of a container does.
. "$(dirname "$0")/lib.sh"
capture
called answers 127.0.0.3
python3 "$here/relay.py" 127.0.0.6:5060 127.0.0.7:40000 127.0.0.3:5060 &
started="$started $!"
sleep 0.5
caller caller 127.0.0.6:5060
finish
