"""relay_stream.py INSIDE OUTSIDE TARGET: passes one TCP connection to INSIDE on to TARGET from
OUTSIDE. Every 20 ms it passes on what has come, in writes of 1,400 bytes: as a loaded balancer
does, messages are put together and cut. Addresses are HOST:PORT."""

import socket
import sys
import threading
import time


def address(text):
    host, port = text.split(":")
    return host, int(port)


def pass_on(source, target):
    while data := source.recv(65536):
        for start in range(0, len(data), 1400):
            target.sendall(data[start : start + 1400])
        time.sleep(0.02)
    target.shutdown(socket.SHUT_WR)


listener = socket.create_server(address(sys.argv[1]))
client, _ = listener.accept()
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
server.bind(address(sys.argv[2]))
server.connect(address(sys.argv[3]))
threading.Thread(target=pass_on, args=(client, server), daemon=True).start()
pass_on(server, client)
