#!/bin/sh
# The proxy lets the phone ring for two seconds and gives up (408 to the caller).
. "$(dirname "$0")/lib.sh"
capture
called rings 127.0.0.3
proxy no-answer
caller caller 127.0.0.2:5060
finish
