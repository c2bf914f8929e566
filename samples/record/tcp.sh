#!/bin/sh
# Twelve calls over one TCP connection behind a balancer: several messages in a segment, and
# messages cut by segments. Only the connection between balancer and called is captured.
. "$(dirname "$0")/lib.sh"
capture "tcp and host 127.0.0.7"
called answers 127.0.0.3 -t t1
python3 "$here/relay_stream.py" 127.0.0.6:5060 127.0.0.7:40000 127.0.0.3:5060 &
started="$started $!"
sleep 0.5
caller caller 127.0.0.6:5060 -t t1 -r 2000 -m 12
finish
