#!/bin/sh
# A load generator started twice: the second call repeats every identifier of the first.
. "$(dirname "$0")/lib.sh"
capture
called answers 127.0.0.3 -m 1
caller caller-with-fixed-identifiers 127.0.0.3:5060 -cid_str fixed
sleep 5
called answers 127.0.0.3 -m 1
caller caller-with-fixed-identifiers 127.0.0.3:5060 -cid_str fixed
finish
