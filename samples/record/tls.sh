#!/bin/sh
# OPTIONS, MESSAGE and SUBSCRIBE over TLS, answered by Kamailio: nothing of it can be read.
. "$(dirname "$0")/lib.sh"
capture "tcp port 5061"
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=sip.example.com -keyout "$work/key.pem" \
    -out "$work/certificate.pem" 2>/dev/null
proxy secure "s#RUN#$work#"
python3 "$here/client.py" tls 127.0.0.2 5061
finish
