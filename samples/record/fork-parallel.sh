#!/bin/sh
# A proxy calls two phones at once: one is busy, one answers.
. "$(dirname "$0")/lib.sh"
capture
called busy 127.0.0.3
called answers 127.0.0.4
proxy fork-parallel
caller caller 127.0.0.2:5060
finish
