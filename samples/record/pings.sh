#!/bin/sh
# A proxy pings three gateways: one answers, one says 503, one is not there (ICMP errors).
. "$(dirname "$0")/lib.sh"
capture "port 5060 or icmp"
called answers-pings 127.0.0.3
called answers-pings-503 127.0.0.4
proxy pings "s|GATEWAYS|$work/run/gateways.list|"
sleep 5
finish
