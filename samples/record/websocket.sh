#!/bin/sh
# OPTIONS, MESSAGE and SUBSCRIBE over WebSocket, answered by Kamailio: 200, 404, 403.
. "$(dirname "$0")/lib.sh"
capture "tcp port 8080"
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=sip.example.com -keyout "$work/key.pem" \
    -out "$work/certificate.pem" 2>/dev/null
proxy secure "s#RUN#$work#"
python3 "$here/client.py" ws 127.0.0.2 8080
finish
