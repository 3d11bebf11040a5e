"""The programs that call: `minato get` and `minato send`, against servers of Python's library in this process."""
import http.server
import socketserver
import threading

from child import Failed
from judge import Observation

BODY = b"".join(b"line %d of the body\n" % number for number in range(12_000))


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


class _Quiet(socketserver.ThreadingMixIn):
    """Clients that go away in the middle are what this is about."""
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def handle_error(self, *_):
        pass


class _Web(_Quiet, http.server.HTTPServer):
    pass


class _Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while piece := self.request.recv(65536):
            self.request.sendall(piece)


class _Echoes(_Quiet, socketserver.TCPServer):
    pass


class Client:
    """A program that calls once: the right answer, or an error that says why not."""
    environment = {"no_proxy": "*"}

    def __init__(self, name, server, words, answer):
        self.name, self._words, self._answer = name, words, answer
        self._server = server
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def words(self, binary):
        return [binary, *(word.replace("PORT", str(self._server.server_address[1])) for word in self._words)]

    def run(self, child, case):
        answer = child.read_all()
        if answer is None or child.wait() is None:
            raise Failed("hangs")
        told = child.judge_end()
        if not told and answer != self._answer:
            raise Failed(f"succeeds with a wrong answer of {len(answer)} bytes")
        return Observation(told=told, is_client=True)


def get(name, host):
    return Client(name, _Web(("127.0.0.1", 0), _Page), ["get", f"http://{host}:PORT/"], BODY)


def send(name, host, answer):
    return Client(name, _Echoes(("127.0.0.1", 0), _Echo), ["send", host, "PORT", "word"], answer)
