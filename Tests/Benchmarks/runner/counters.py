"""What is counted rather than timed. A count is the difference of two runs, so that starting and connecting cancel out."""
import pathlib
import re
import tempfile

import machine
from cases import CASES
from child import Failed
from load import Load
from server import Server

FEW, MANY = 2000, 10000
IDLE_CONNECTIONS = 9000
LOOPS = 2

_CASE = CASES[0]


def instructions(contender, programs):
    """User instructions per echo at 64 connections with 64 B, by callgrind."""
    return _difference(
        contender, programs, lambda output: ("valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"),
        r"^(?:summary|totals): (\d+)")


def calls(contender, programs):
    """System calls per echo, by strace."""
    return _difference(
        contender, programs, lambda output: ("strace", "-f", "-c", "-o", output), r"^\S+ +\S+ +\S+ +(\d+) .*total$")


def _difference(contender, programs, tracer, pattern):
    counts = []
    for messages in (FEW, MANY):
        with tempfile.TemporaryDirectory() as directory:
            output = pathlib.Path(directory) / "count"
            with Server(contender.line(programs, _CASE), machine.SERVER_CORES, tracer(output)) as server:
                with Load(programs, server.port, ["--messages", messages], machine.LOAD_CORES) as load:
                    load.run()
                    load.close()
                server.stop()
            found = re.search(pattern, output.read_text() if output.exists() else "", re.M)
        if not found:
            raise Failed(f"{tracer('')[0]} counted nothing")
        counts.append(int(found[1]))
    return (counts[1] - counts[0]) / (MANY - FEW)


def memory(contender, programs):
    """Private memory of the server for each of 9,000 connections that have had one echo and are idle."""
    with Server(contender.line(programs, _CASE), machine.SERVER_CORES) as server:
        # What a server sets up once, and keeps, is not counted.
        with Load(programs, server.port, ["--messages", 1000], machine.LOAD_CORES) as load:
            load.run()
            load.close()
        before = server.private_memory()
        with Load(programs, server.port, ["--idle", "--connections", IDLE_CONNECTIONS], machine.LOAD_CORES) as load:
            used = server.private_memory() - before
            load.close()
        server.stop()
    return used / IDLE_CONNECTIONS


def loops(contender, programs):
    """Of 1,000 connections to a server with two loops the share, in percent, of the loop that served the fewest."""
    line = [*contender.line(programs, _CASE), "--loops", str(LOOPS)]
    with Server(line, machine.ALL_CORES) as server:
        arguments = ["--connections", 1000, "--messages", 20000]
        with Load(programs, server.port, arguments, machine.ALL_CORES) as load:
            load.run()
            load.close()
        counts = [int(count) for count in re.findall(r"^loop \d+ (\d+)$", server.stop(), re.M)]
    if len(counts) != LOOPS or sum(counts) != 1000:
        raise Failed(f"the server counted {counts} connections of its loops")
    return 100 * min(counts) / sum(counts)


# Which need the programs that valgrind understands.
NEED_STATIC = {"instructions"}
MEASURES = {"instructions": instructions, "calls": calls, "memory": memory, "loops": loops}
