#!/bin/sh
# A minute and a half of calls through a proxy to two gateways, four a second; one of the gateways answers
# 503 for a third of it, and the proxy tries the other one.
. "$(dirname "$0")/lib.sh"
incident refuses
