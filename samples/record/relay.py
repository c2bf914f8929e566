"""relay.py INSIDE OUTSIDE TARGET: passes datagrams that reach INSIDE on to TARGET from OUTSIDE,
and back, unchanged. Addresses are HOST:PORT."""

import select
import socket
import sys


def address(text):
    host, port = text.split(":")
    return host, int(port)


inside, outside = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
inside.bind(address(sys.argv[1]))
outside.bind(address(sys.argv[2]))
target, client = address(sys.argv[3]), None
while True:
    for sock in select.select([inside, outside], [], [])[0]:
        data, sender = sock.recvfrom(65536)
        if sock is inside:
            client = sender
            outside.sendto(data, target)
        elif client:
            inside.sendto(data, client)
