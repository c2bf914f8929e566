#!/bin/sh
# One call that is busy.
. "$(dirname "$0")/lib.sh"
capture
called busy 127.0.0.3
caller caller 127.0.0.3:5060
finish
