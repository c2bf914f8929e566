#!/bin/sh
# A minute and a half of calls through a proxy to two gateways, four a second; one of the gateways takes two
# seconds longer to ring for a third of it. No code tells.
. "$(dirname "$0")/lib.sh"
incident is-slow
