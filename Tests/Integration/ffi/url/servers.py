"""The servers that the programs here ask, each on a port of its own on 127.0.0.1. Imported, never run."""
import base64
import http.server
import shutil
import socket
import ssl
import subprocess
import threading

USER, PASSWORD, REALM = "klem", "kadidd!ehopper", "PDQ Application"
BODY = bytes(range(32, 127)) * 20


class Pages(http.server.BaseHTTPRequestHandler):
    """Python's own server: `/private` for those who know the password, `/moved`, `/twice`, `/short`, and BODY elsewhere."""

    def do_GET(self):
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.path == "/private" and self.headers["Authorization"] != expected:
            return self.answer(401, b"who are you?", ("WWW-Authenticate", f'Basic realm="{REALM}"'))
        if self.path == "/moved":
            return self.answer(302, b"over there", ("Location", "/there?x=y"))
        if self.path == "/twice":
            return self.answer(200, BODY, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
        if self.path == "/short":
            self.answer(200, b"short", ("Content-Length", "10"))
            self.close_connection = True
            return None
        return self.answer(200, BODY)

    def do_POST(self):
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200, f"{self.headers['X-Token']} {sent.decode()}".encode())

    def answer(self, status, body, *fields):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in fields):
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Servers:
    """All of them, ended with the block."""

    def __init__(self, folder):
        self.pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        threading.Thread(target=self.pages.serve_forever, daemon=True).start()
        self.http = self.pages.server_port
        self.sockets = [socket.socket() for _ in range(3)]
        for one in self.sockets:
            one.bind(("127.0.0.1", 0))
        # Nobody listens at the first; the second accepts in the kernel only; the third begins to answer, and never ends.
        self.refusing, self.silent, self.slow = (one.getsockname()[1] for one in self.sockets)
        self.sockets[1].listen(100)
        self.sockets[2].listen(100)
        threading.Thread(target=self.begin_answers, daemon=True).start()
        self.tls, self.authority = self.start_tls(folder) if shutil.which("openssl") else (None, None)

    def begin_answers(self):
        held = []
        while True:
            try:
                held.append(self.sockets[2].accept()[0])
            except OSError:
                return
            held[-1].recv(4096)
            held[-1].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegun")

    def start_tls(self, folder):
        """The same pages with a certificate that nobody but itself has issued."""
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
            check=True, capture_output=True)
        self.secure = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.secure.socket = context.wrap_socket(self.secure.socket, server_side=True, do_handshake_on_connect=False)
        self.secure.handle_error = lambda *_: None
        threading.Thread(target=self.secure.serve_forever, daemon=True).start()
        return self.secure.server_port, str(certificate)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pages.shutdown()
        self.pages.server_close()
        if self.tls:
            self.secure.shutdown()
            self.secure.server_close()
        for one in self.sockets:
            # close(2) alone does not end an accept(2) under way.
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


class HTTPBin:
    """httpbin below an interpreter that has it."""
    PROGRAM = """
from httpbin import app
from werkzeug.serving import make_server
server = make_server('127.0.0.1', 0, app, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""

    def __init__(self, python):
        self.process = subprocess.Popen([python, "-c", self.PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.port = self.process.stdout.readline().decode().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
