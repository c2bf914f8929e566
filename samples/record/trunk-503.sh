#!/bin/sh
# Ten calls answered, twelve refused with 503 within a second, ten answered again.
. "$(dirname "$0")/lib.sh"
capture
called answers 127.0.0.3 -m 10
caller caller 127.0.0.3:5060 -r 5 -m 10 -cid_str "%u-run1@%s"
sleep 2
called unavailable 127.0.0.3 -m 12
caller caller 127.0.0.3:5060 -r 20 -m 12 -cid_str "%u-run2@%s"
sleep 2
called answers 127.0.0.3 -m 10
caller caller 127.0.0.3:5060 -r 5 -m 10 -cid_str "%u-run3@%s"
finish
