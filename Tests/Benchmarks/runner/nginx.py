"""nginx, which the clients fetch from: plain, with TLS, and with HTTP/2, on ports of its own."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from child import Child, Failed

START_SECONDS = 20
SIZES = {"1k": 1024, "64m": 64 * 1024 * 1024}

_CONFIGURATION = """
daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 1h;
    http2_max_concurrent_streams 256; root {0}; open_file_cache max=100;
    client_body_temp_path {0}; proxy_temp_path {0}; fastcgi_temp_path {0}; uwsgi_temp_path {0}; scgi_temp_path {0};
    ssl_certificate {0}/cert.pem; ssl_certificate_key {0}/key.pem; ssl_session_cache shared:sessions:10m;
    server {{ listen 127.0.0.1:{plain}; }}
    server {{ listen 127.0.0.1:{tls} ssl; }}
    server {{ listen 127.0.0.1:{h2} ssl http2; }}
}}
"""


class Nginx:
    """A server for all turns. A context manager: at the end it is gone, with its files."""

    def __init__(self, cores):
        self._directory = tempfile.TemporaryDirectory()
        path = self._directory.name
        os.chmod(path, 0o755)
        for name, size in SIZES.items():
            pathlib.Path(path, name).write_bytes(os.urandom(size))
        self.authority = f"{path}/cert.pem"
        line = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{path}/key.pem",
                "-out", self.authority]
        subprocess.run(line, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        # nginx cannot bind port 0 and tell. A socket that is bound, and does not listen, holds a port until nginx has it.
        holders = {}
        for place in ("plain", "tls", "h2"):
            holders[place] = socket.socket()
            holders[place].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holders[place].bind(("127.0.0.1", 0))
        self._ports = {place: holder.getsockname()[1] for place, holder in holders.items()}
        configuration = pathlib.Path(path, "nginx.conf")
        configuration.write_text(_CONFIGURATION.format(path, **self._ports))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self._child = Child([program, "-c", str(configuration), "-e", f"{path}/error.log"], cores)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        finally:
            for holder in holders.values():
                holder.close()

    def _wait(self):
        deadline = time.monotonic() + START_SECONDS
        for port in self._ports.values():
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS).close()
                    break
                except ConnectionRefusedError:
                    # Nobody listens yet; the port is held.
                    if time.monotonic() > deadline:
                        raise Failed("nginx does not start") from None
                    time.sleep(0.01)

    def url(self, place, file):
        return f"{'http' if place == 'plain' else 'https'}://127.0.0.1:{self._ports[place]}/{file}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.__exit__()
        self._directory.cleanup()

