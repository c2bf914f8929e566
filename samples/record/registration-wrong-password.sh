#!/bin/sh
# A registration with a wrong password.
. "$(dirname "$0")/lib.sh"
capture
proxy challenge
caller registers-wrongly 127.0.0.2:5060
finish
