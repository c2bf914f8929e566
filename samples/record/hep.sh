#!/bin/sh
# A call through a proxy, seen on both of its hops, beside the copies that the proxy (Kamailio's
# siptrace) sends to a collector by HEP 3. Nobody listens there: the ICMP errors are left out.
. "$(dirname "$0")/lib.sh"
capture "udp and (port 5060 or port 9060)"
called answers 127.0.0.3
proxy siptrace
caller caller 127.0.0.2:5060
finish
