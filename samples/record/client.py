"""A client that asks a server a few things over WebSocket or TLS and waits for each answer.

client.py ws|tls ADDRESS PORT
"""

import base64
import os
import socket
import ssl
import struct
import sys

kind, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
plain = socket.create_connection((address, port), 10)
via = kind.upper()


def request(method, number):
    return (
        f"{method} sip:1002@example.com SIP/2.0\r\n"
        f"Via: SIP/2.0/{via} client.invalid;branch=z9hG4bK-{kind}-{number}\r\n"
        "Max-Forwards: 70\r\n"
        f"From: <sip:1001@example.com>;tag=f-{kind}\r\n"
        "To: <sip:1002@example.com>\r\n"
        f"Call-ID: {kind}-{number}@client.invalid\r\n"
        f"CSeq: {number} {method}\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


def masked(payload):
    key = os.urandom(4)
    length = struct.pack("!BH", 0x80 | 126, len(payload)) if len(payload) > 125 else bytes([0x80 | len(payload)])
    return b"\x81" + length + key + bytes(b ^ key[i % 4] for i, b in enumerate(payload))


if kind == "ws":
    key = base64.b64encode(os.urandom(16)).decode()
    plain.sendall(
        f"GET / HTTP/1.1\r\nHost: {address}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b" 101 " in plain.recv(4096)
    send, connection = (lambda m: plain.sendall(masked(m))), plain
else:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = context.wrap_socket(plain, server_hostname="sip.example.com")
    send = connection.sendall

for number, method in enumerate(["OPTIONS", "MESSAGE", "SUBSCRIBE"], 1):
    send(request(method, number))
    assert connection.recv(4096)
connection.close()
