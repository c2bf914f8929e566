#!/bin/sh
# A proxy tries a gateway that answers 503, then another that answers the call.
. "$(dirname "$0")/lib.sh"
capture
called unavailable 127.0.0.3
called answers 127.0.0.4
proxy fork-serial
caller caller 127.0.0.2:5060
finish
