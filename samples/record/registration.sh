#!/bin/sh
# A registration that is challenged and accepted.
. "$(dirname "$0")/lib.sh"
capture
proxy challenge
caller registers 127.0.0.2:5060
finish
