"""The programs of `programs`, on libminato.

SPDX-License-Identifier: Apache-2.0
"""

import base64
import difflib
import http.server
import signal
import threading

import program

from .fixture import TestCase

BODY = bytes(range(65, 91)) * 20


class Page(http.server.BaseHTTPRequestHandler):
    """A page behind basic authentication, or without, served by Python's own modules."""

    def do_GET(self):
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        if self.path == "/login.html":
            # The program has its password for the other page.
            self.send_response(302)
            self.send_header("Location", "/site-updates.py")
            self.end_headers()
            return
        if self.path == "/site-updates.py" and "Authorization" not in self.headers:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="PDQ Application"')
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *arguments):
        pass


class Programs(TestCase):
    def serve(self, name):
        """A server, and the port that it tells."""
        server = self.start("-u", "program.py", name, "0")
        ready = server.stderr.readline()
        self.assertRegex(ready, r"^ready \d+$")
        return server, ready.split()[1]

    def run_client(self, name, port, *arguments):
        client = self.start("program.py", name, port, *arguments)
        output, errors = client.communicate()
        self.assertEqual((client.returncode, errors), (0, ""))
        return output

    def interrupt(self, server):
        """Ends a server as Ctrl-C does."""
        server.send_signal(signal.SIGINT)
        output, errors = server.communicate()
        self.assertIn("KeyboardInterrupt", errors)
        self.assertEqual(server.returncode, -signal.SIGINT)
        return output

    def test_echo(self):
        server, port = self.serve("echo_server")
        self.assertEqual(self.run_client("echo_client", port), "受信データ b'Hello, world'\n")
        output, errors = server.communicate()
        self.assertEqual((server.returncode, errors), (0, ""))
        self.assertRegex(output, r"^接続されました by \('127\.0\.0\.1', \d+\)\n$")

    def test_upper_case(self):
        for transport in ("tcp", "udp"):
            with self.subTest(transport):
                server, port = self.serve(f"upper_{transport}_server")
                output = self.run_client(f"upper_{transport}_client", port, "hello", "world")
                # The server strips the newline that the client of TCP and UDP sends.
                self.assertEqual(output, "Sent:     hello world\nReceived: HELLO WORLD\n")
                self.assertEqual(self.interrupt(server), "127.0.0.1 wrote:\nb'hello world'\n")

    def test_fetch(self):
        seen, port = self.page()
        self.assertEqual(self.run_client("fetch", port), f"{BODY[:300]}\n")
        self.assertEqual(seen, [("/", None)])

    def test_basic_authentication(self):
        seen, port = self.page()
        self.assertEqual(self.run_client("basic_auth", port), "")
        credentials = "Basic " + base64.b64encode(b"klem:kadidd!ehopper").decode()
        updates = "/site-updates.py"
        self.assertEqual(seen, [("/login.html", None), (updates, None), (updates, credentials)])

    def page(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Page)
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        return server.seen, str(server.server_address[1])

    def test_nothing_else_is_changed(self):
        names = sorted(path.stem for path in program.PROGRAMS.glob("*.py"))
        self.assertEqual(len(names), 8)
        for name in names:
            with self.subTest(name):
                source = (program.PROGRAMS / f"{name}.py").read_text("utf-8")
                lines = difflib.ndiff(source.splitlines(), program.changed(source, 1).splitlines())
                for line in (line for line in lines if line.startswith("- ")):
                    self.assertRegex(line, r"^- ( *HOST|PORT|import socket$|.*https?://)")
