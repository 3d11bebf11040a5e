"""Ends servers again and again while thousands of clients a second connect: see scripts/storm, which starts this."""
import argparse
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "soak"))

from program import Failed, Program, conclude  # noqa: E402

# What each face runs on: the blocking one needs no loop.
STAGES = (("async", "epoll"), ("async", "poll"), ("responder", "epoll"), ("responder", "poll"), ("blocking", "none"))
WARM_UP, ENDINGS = 60, 200
RATE, OFFERED = 2000, 2600
# What one ending leaves is there 200 times.
HEAP = 256 * ENDINGS


def storm(folder, face, backend):
    """Yields what is wrong, and prints what was measured."""
    surroundings = os.environ | ({} if backend == "none" else {"MINATO_EVENT_LOOP_BACKEND": backend})
    server = Program(face, [folder + "/endurance", "end", face], env=surroundings)
    clients = None
    try:
        clients = Program("clients", [folder + "/rush", server.offers["port"], str(OFFERED)])
        server.ask(str(WARM_UP))
        first = server.sample()
        before, done, after = clients.ask("status"), server.ask(str(ENDINGS)), clients.ask("status")
        last = server.sample(first)
        since = {kind: after[kind] - before[kind] for kind in after}
        rate = 1e9 * since["connected"] / since["now"]
        grown = last["heap"] - first["heap"]
        print(f"{face}, {backend}: {done['ended'] - first['ended']} endings in {since['now'] / 1e9:.1f} s, {rate:.0f} "
              f"connects/s; {since['answered']} answered, {since['cut']} cut, {since['refused']} refused; the slowest ending "
              f"{done['slowest'] / 1000:.1f} ms; {last['descriptors']} descriptors, {last['threads']} threads, heap "
              f"{grown / 1024:+.0f} KiB", flush=True)
        if done["ended"] - first["ended"] != ENDINGS:
            yield f"{done['ended'] - first['ended']} of {ENDINGS} were ended"
        for kind in ("hanging", "odd", "tasks"):
            if last[kind]:
                yield f"{kind}: {last[kind]}"
        for kind in ("wrong", "late"):
            if after[kind]:
                yield f"clients: {kind}: {after[kind]}"
        for kind in ("descriptors", "threads"):
            if last[kind] != first[kind]:
                yield f"{last[kind]} {kind}, {first[kind]} after the warm-up"
        if grown > HEAP:
            yield f"the heap has grown by {grown / 1024:.0f} KiB, {HEAP / 1024:.0f} are allowed"
        if rate < RATE:
            yield f"{rate:.0f} connects a second, {RATE} are wanted"
    finally:
        for program in filter(None, (clients, server)):
            if status := program.end():
                yield f"{program.name}: ended with {status}"


def main():
    parser = argparse.ArgumentParser(prog="scripts/storm", add_help=False)
    parser.add_argument("folder")
    options = parser.parse_args()
    wrongs = []
    for face, backend in STAGES:
        try:
            wrongs += [f"{face}, {backend}: {wrong}" for wrong in storm(options.folder, face, backend)]
        except Failed as error:
            wrongs.append(f"{face}, {backend}: {error}")
    return conclude(wrongs)


if __name__ == "__main__":
    sys.exit(main())
