"""Has each allocation of C programs fail in turn: see scripts/oom, which starts this with the programs that it has built."""
import concurrent.futures
import os
import select
import signal
import socket
import subprocess
import sys

LIMIT = 70


class Failed(Exception):
    pass


class Program:
    """A program, and how it is to fail: with a status of its own and a line. What `repeats` takes a number of times."""

    def __init__(self, name, words, statuses, converse=None, repeats=False):
        self.name, self.words, self.statuses, self.converse, self.repeats = name, words, statuses, converse, repeats

    def run(self, fail, at=0, forever=False):
        """Its status, how many allocations it made, and how many blocks were left."""
        reader, writer = os.pipe()
        environment = {**os.environ, "LD_PRELOAD": fail, "FAIL_AT": str(at), "FAIL_REPORT": str(writer)}
        if forever:
            environment["FAIL_ALL"] = "1"
        process = subprocess.Popen(self.words, env=environment, pass_fds=[writer], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(writer)
        try:
            if self.converse:
                self.converse(process)
            output, errors = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Failed("hangs") from None
        finally:
            with os.fdopen(reader) as report:
                numbers = report.read().split()
        if process.returncode < 0:
            raise Failed(f"died by {signal.Signals(-process.returncode).name}")
        if process.returncode not in self.statuses:
            raise Failed(f"ended with {process.returncode}: {(output + errors).decode(errors='replace')[-300:]}")
        if process.returncode != 0 and not errors:
            raise Failed("ended with an error, and does not say which")
        return process.returncode, *(map(int, numbers) if len(numbers) == 2 else (None, None))


def serve(process):
    """A client of an echo server; then the server is to end."""
    if not select.select([process.stdout], [], [], LIMIT)[0]:
        raise subprocess.TimeoutExpired(process.args, LIMIT)
    line = process.stdout.readline().decode()
    if not line.startswith("ready "):
        return
    try:
        with socket.create_connection(("127.0.0.1", int(line.rsplit(":", 1)[1])), timeout=5) as client:
            client.sendall(b"words")
            client.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := client.recv(100):
                answer += piece
            if answer not in (b"words", b""):
                raise Failed(f"answers {answer!r}")
    except TimeoutError:
        raise Failed("does not answer") from None
    except OSError:
        # Closed, perhaps reset: whether the server has said why is looked at in the end.
        pass
    finally:
        process.terminate()


def sweep(program, fail, jobs, step):
    """Runs it with each allocation failing, alone and with all that follow."""
    status, total, stays = program.run(fail)
    if status != 0:
        raise SystemExit(f"oom: {program.name} does not work by itself: {status}")

    if program.repeats:
        _, _, more = Program(program.name, [*program.words, "3"], program.statuses).run(fail)
        if more != stays:
            print(f"FAILED {program.name}: leaks {more - stays} blocks in two more times, with enough memory", flush=True)
            return False

    def attempt(case):
        at, forever = case
        try:
            status, _, left = program.run(fail, at, forever)
            # Only who came to the end has given everything back.
            if status == 0 and left is not None and left > stays:
                raise Failed(f"leaks {left - stays} blocks")
            return status, None
        except Failed as error:
            command = f"FAIL_AT={at} {'FAIL_ALL=1 ' if forever else ''}LD_PRELOAD={fail} {' '.join(program.words)}"
            return 1, f"FAILED {program.name}: {error}\n    {command}"

    # All of the first hundred; of more, those that are `step` apart.
    numbers = [number for number in range(1, total + 1) if number <= 100 or number % step == 0]
    cases = [(number, forever) for number in numbers for forever in (False, True)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(attempt, cases))
    failures = [why for _, why in results if why]
    print("\n".join(failures), end="\n" if failures else "")
    right = sum(status == 0 for status, _ in results)
    print(f"{program.name}: {total} allocations, {len(cases)} runs, {right} right, "
          f"{len(cases) - right - len(failures)} with an error, {len(failures)} failed", flush=True)
    return not failures


def main(folder, is_quick):
    fail = os.path.join(folder, "fail.so")

    def at(name):
        return os.path.join(folder, name)

    programs = [
        Program("everything", [at("everything")], {0}, repeats=True),
        Program("echo-c", [at("echo-c"), "serve", "tcp", "127.0.0.1", "0"], {0, 1}, serve),
    ]
    if not is_quick:
        # A check that does not hold ends it with 1 and a line: then the error was told.
        programs.append(Program("tests-c11", [at("tests-c11")], {0, 1}))
    return 0 if all([sweep(program, fail, 4 if is_quick else 8, 397) for program in programs]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--quick" in sys.argv[2:]))
