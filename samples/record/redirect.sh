#!/bin/sh
# A call that is redirected (302); the caller does not follow.
. "$(dirname "$0")/lib.sh"
capture
called moved 127.0.0.3
caller caller 127.0.0.3:5060
finish
