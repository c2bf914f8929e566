#!/bin/sh
# A call that is put on hold and taken back: two re-INVITEs.
. "$(dirname "$0")/lib.sh"
capture
called is-held 127.0.0.3
caller holds 127.0.0.3:5060
finish
