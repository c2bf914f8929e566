#!/bin/sh
# A call through a proxy, seen on both of its hops.
. "$(dirname "$0")/lib.sh"
capture
called answers 127.0.0.3
proxy relay
caller caller 127.0.0.2:5060
finish
