"""An echo server and its client on Python's own modules.

    python_echo.py serve tcp HOST PORT | udp HOST PORT | unix PATH | unixgram PATH
    python_echo.py send  tcp HOST PORT | udp HOST PORT | unix PATH | unixgram PATH

The command line is that of the other echo programs: see Tests/Integration/ffi/build.
"""
import os
import signal
import socket
import socketserver
import sys
import threading

LARGEST = 65_536


class Stream(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(LARGEST):
            self.request.sendall(data)


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        data, answering = self.request
        answering.sendto(data, self.client_address)


SERVERS = {
    "tcp": (socketserver.ThreadingTCPServer, Stream),
    "udp": (socketserver.UDPServer, Datagram),
    "unix": (socketserver.ThreadingUnixStreamServer, Stream),
    "unixgram": (socketserver.UnixDatagramServer, Datagram),
}


def serve(transport, place):
    server_class, handler = SERVERS[transport]
    server_class.daemon_threads = server_class.allow_reuse_address = True
    server_class.max_packet_size = LARGEST
    server_class.request_queue_size = 64
    address = (place[0], int(place[1])) if len(place) == 2 else place[0]
    with server_class(address, handler) as server:
        # shutdown waits for serve_forever, which this thread runs.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        bound = server.server_address
        print("ready", f"{bound[0]}:{bound[1]}" if len(place) == 2 else f"unix:{bound}", flush=True)
        server.serve_forever()
    if len(place) == 1:
        os.unlink(place[0])


def send(transport, place):
    family = socket.AF_INET if len(place) == 2 else socket.AF_UNIX
    is_stream = transport in ("tcp", "unix")
    with socket.socket(family, socket.SOCK_STREAM if is_stream else socket.SOCK_DGRAM) as client:
        if transport == "unixgram":
            client.bind("")  # a name of the kernel's choice
        client.connect((place[0], int(place[1])) if len(place) == 2 else place[0])
        if not is_stream:
            client.send(sys.stdin.buffer.read())
            sys.stdout.buffer.write(client.recv(LARGEST))
            return

        def send_all():
            while data := sys.stdin.buffer.read1(LARGEST):
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)

        threading.Thread(target=send_all).start()
        while data := client.recv(LARGEST):
            sys.stdout.buffer.write(data)


if __name__ == "__main__":
    {"serve": serve, "send": send}[sys.argv[1]](sys.argv[2], sys.argv[3:])
