#!/bin/sh
# A call that the proxy challenges (407), seen on both hops.
. "$(dirname "$0")/lib.sh"
capture
called answers 127.0.0.3
proxy challenge
caller caller-with-credentials 127.0.0.2:5060
finish
