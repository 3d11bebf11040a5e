"""Measures clients side by side, in interleaved rounds: see scripts/bench --urls."""
import json
import statistics
import time

import build
import machine
import rounds
from child import Child, Failed
from fetches import FETCH_TARGETS
from nginx import Nginx
from results import Results
from rounds import Sample

LIMIT_SECONDS = 120
# How often a program is started in a turn.
STARTS = 10


def measure(options):
    """The results of all cases and clients that were asked for."""
    results = Results(options.timed, options.contenders, [], FETCH_TARGETS, unit="request")
    programs = {}
    for variant in (build.TIMED, build.COUNTED):
        small = variant is build.COUNTED
        cases = [case for case in options.timed if (case.transport == "small") == small]
        wanted = {client.product for client in options.contenders if ("small" in client.transports or not small)}
        if not cases:
            continue
        failures = build.build(sorted(wanted), variant)
        if "curl-fetch" in failures:
            raise Failed(f"curl-fetch {failures['curl-fetch']}")
        for client in options.contenders:
            if client.product in failures:
                for case in cases:
                    results.skipped[case.name, client.name] = failures[client.product]
        programs[small] = build.programs(variant)
    machine.warn_if_busy()
    with Nginx(machine.LOAD_CORES) as nginx:
        def take_turn(client, case, programs, seconds):
            small = case.transport == "small"
            return (_start if small else _fetch)(client, case, programs[small], seconds, nginx)

        results.samples = rounds.run(
            options.timed, options.contenders, programs, options.rounds, options.seconds, results.skipped, take_turn)
    return results


def _line(client, case, programs, nginx):
    line = [str(programs / client.product), *client.command[1:], nginx.url(case.place, case.file), *case.arguments]
    return line if case.place == "plain" else [*line, "--ca", nginx.authority]


def _fetch(client, case, programs, seconds, nginx):
    """The processor time of the client for each request, while it makes one after the other."""
    line = [*_line(client, case, programs, nginx), "--seconds", str(seconds)]
    with Child(line, machine.SERVER_CORES) as child:
        if child.read_line(LIMIT_SECONDS) != "ready":
            raise Failed(f"{client.product}: not ready")
        before = _processor_time(child.pid)
        begin = time.monotonic()
        child.write_line()
        result = json.loads(child.read_line(LIMIT_SECONDS))
        used = _processor_time(child.pid) - before
        elapsed = time.monotonic() - begin
        child.finish(LIMIT_SECONDS)
    if result["errors"] or not result["requests"]:
        raise Failed(f"{client.product}: {result['errors']} errors, {result['requests']} requests")
    return Sample(used / result["requests"], result["requests"] / elapsed)


def _start(client, case, programs, _, nginx):
    """The time from start to exit of a program that fetches once."""
    line = _line(client, case, programs, nginx)
    times = []
    for _ in range(STARTS):
        begin = time.monotonic()
        with Child(line, machine.SERVER_CORES) as child:
            child.finish(LIMIT_SECONDS)
            if child.status:
                raise Failed(f"{client.product}: ended with status {child.status}")
        times.append(1e9 * (time.monotonic() - begin))
    median = statistics.median(times)
    return Sample(median, 1e9 / median)


def _processor_time(pid):
    """What a process has used so far, in ns: all its threads, in user and kernel mode; see clock_getcpuclockid(3)."""
    return time.clock_gettime_ns(~pid << 3 | 2)
