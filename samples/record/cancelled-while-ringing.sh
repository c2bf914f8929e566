#!/bin/sh
# The caller gives up while it rings.
. "$(dirname "$0")/lib.sh"
capture
called rings 127.0.0.3
caller gives-up 127.0.0.3:5060
finish
