"""Runs servers and clients, each of them for a bounded time, and none longer than the matrix."""
import contextlib
import os
import pathlib
import select
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 20  # seconds


class Failed(Exception):
    """What a program did wrong."""


@contextlib.contextmanager
def started(line, **options):
    """A program in the background; at the end it is gone."""
    process = subprocess.Popen([str(word) for word in line], stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def serving(server, transport, folder):
    """The place of an echo server, which has to end well when it is told to."""
    path = pathlib.Path(folder, "socket")
    place = ["127.0.0.1", "0"] if transport in ("tcp", "udp") else [str(path)]
    with started(server.line(transport, place), stdout=subprocess.PIPE) as process:
        ready = select.select([process.stdout], [], [], PATIENCE)[0]
        announcement = process.stdout.readline().decode().strip() if ready else "nothing"
        if len(place) == 2:
            place[1] = server.port(announcement)
        elif str(path) not in announcement:
            place = [None]
        if not place[-1]:
            raise Failed(f"the server said: {announcement}")
        yield place
        process.send_signal(signal.SIGTERM)
        if process.wait(PATIENCE) != 0:
            raise Failed(f"the server ended with {process.returncode}")
        if path.exists():
            raise Failed("the server left its path")


def exchange(client, transport, place, message):
    """Lets a client send a message to an echo server."""
    if transport not in client.endless:
        return run(client.line(transport, place), message)
    line = [str(word) for word in client.line(transport, place)]
    # Who is ended leaves its files, such as the socket that a datagram was sent from.
    with tempfile.TemporaryDirectory() as folder, _pipe() as (read_end, write_end), subprocess.Popen(
        line, stdin=read_end, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | {"TMPDIR": folder}
    ) as process:
        try:
            return _until_all_came(write_end, process.stdout, message)
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _pipe():
    """A pipe of which no end blocks: curl waits in its read of telnet's input, whatever comes from the server meanwhile."""
    ends = os.pipe()
    try:
        for end in ends:
            os.set_blocking(end, False)
        yield ends
    finally:
        for end in ends:
            os.close(end)


def _until_all_came(write_end, output, message):
    """Writes and reads at a time, as both ends hold little."""
    rest, reply, end = memoryview(message), b"", time.monotonic() + PATIENCE
    while len(reply) < len(message):
        writing = [write_end] if rest else []
        readable, writable, _ = select.select([output], writing, [], max(0, end - time.monotonic()))
        if readable:
            piece = os.read(output.fileno(), 65_536)
            if not piece:
                break
            reply += piece
        if writable:
            rest = rest[os.write(write_end, rest[:4096]):]
        if not readable and not writable:
            break
    return reply


def run(line, message=b""):
    """A program to its end: what it wrote."""
    try:
        ended = subprocess.run(
            [str(word) for word in line], input=message, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise Failed("the client did not end") from None
    if ended.returncode != 0:
        words = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise Failed(f"the client ended with {ended.returncode}: {words}")
    return ended.stdout


@contextlib.contextmanager
def python_http(folder):
    """The address of Python's http.server over a folder."""
    line = ["python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder]
    with started(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        words = process.stdout.readline().decode().split()
        yield ["127.0.0.1", words[words.index("port") + 1]]


_NGINX = """
daemon off; master_process off; pid {0}/pid; error_log {0}/error.log; events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {0}; proxy_temp_path {0}; fastcgi_temp_path {0}; uwsgi_temp_path {0};
    scgi_temp_path {0}; server {{ listen 127.0.0.1:{1}; root {2}; }}
}}
"""


@contextlib.contextmanager
def nginx(folder):
    """The address of nginx over a folder."""
    with tempfile.TemporaryDirectory() as own, socket.socket() as holder:
        # It cannot bind port 0 and tell: a socket that is bound and does not listen holds a port until it has it.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        for directory in (own, folder):
            os.chmod(directory, 0o755)
        configuration = pathlib.Path(own, "nginx.conf")
        configuration.write_text(_NGINX.format(own, port, folder))
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
        line = ["nginx", "-c", configuration, "-e", f"{own}/error.log"]
        with started(line, env=os.environ | {"PATH": path}) as process:
            _wait_for(port, process)
            yield ["127.0.0.1", str(port)]


def _wait_for(port, process):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
            return
        except ConnectionRefusedError:
            if process.poll() is not None or end < time.monotonic():
                raise Failed("nginx does not start") from None
            # Nothing announces that it listens.
            time.sleep(0.01)
