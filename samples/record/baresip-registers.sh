#!/bin/sh
# A softphone (baresip) registers with digest authentication, and leaves (Expires: 0).
. "$(dirname "$0")/lib.sh"
mkdir "$work/phone"
cat >"$work/phone/config" <<END
sip_listen 127.0.0.5:5060
module_path /usr/lib/baresip/modules
module account.so
END
echo '<sip:1001@127.0.0.2;transport=udp>;auth_user=1001;auth_pass=secret;regint=60' >"$work/phone/accounts"
: >"$work/phone/contacts"
capture
proxy challenge
baresip -f "$work/phone" -t 3 >"$work/baresip.log" 2>&1 || { cat "$work/baresip.log" >&2; exit 1; }
finish
