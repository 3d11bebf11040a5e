"""strace: the commands, and what its output says."""
import dataclasses
import re
import shutil
import subprocess

import errnos

# Traced in every run: the threads of the runtime's dispatch queues give themselves names, and nobody else does. What they
# do with descriptors of their own is not ours.
MARK = "prctl"
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_NETWORK = re.compile(r"<(socket:\[\d+\]|anon_inode:\[(eventpoll|eventfd|signalfd|timerfd)\]|(TCP|UDP|UNIX)[^>]*)>")
_FIRST = re.compile(r"^(?:\[\{fd=)?(\d+)<([^>]*)>")


def missing():
    """Why nothing can be traced here; None when it can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    command = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "inject=shutdown:error=EBADF", "true"]
    result = subprocess.run(command, capture_output=True, text=True)
    return None if result.returncode == 0 else "strace cannot trace here: " + (result.stderr.strip() or "it failed")


def command(output, calls, rule=None):
    """What stands before a program to trace it. The program stays the child of who starts this (-D)."""
    traced = ",".join([*calls, MARK])
    words = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-y", "-e", "signal=none", "-o", output, "-e", f"trace={traced}"]
    return words + (["-e", f"inject={rule}"] if rule else [])


@dataclasses.dataclass
class Call:
    """One system call as it was begun."""
    thread: int
    name: str
    # Which of its name in its thread, from 1: strace counts so.
    number: int
    text: str
    is_injected: bool = False
    is_foreign: bool = False

    @property
    def descriptor(self):
        found = _FIRST.match(self.text)
        return found and int(found[1])

    @property
    def file(self):
        """What its first descriptor is: `socket:[123]`."""
        found = _FIRST.match(self.text)
        return found and found[2]

    @property
    def is_network(self):
        return self.name in errnos.MAKING or bool(_NETWORK.search(self.text))


def calls(path):
    """The calls of a trace in the order in which they began."""
    found, open_calls, counts, foreign = [], {}, {}, set()
    with open(path, errors="replace") as lines:
        for line in lines:
            if begun := _CALL.match(line):
                thread, name, text = int(begun[1]), begun[2], begun[3]
                if name == MARK and "PR_SET_NAME" in text:
                    foreign.add(thread)
                number = counts[thread, name] = counts.get((thread, name), 0) + 1
                call = Call(thread, name, number, text, "(INJECTED)" in text)
                open_calls[thread, name] = call
                found.append(call)
            elif resumed := _RESUMED.match(line):
                call = open_calls.get((int(resumed[1]), resumed[2]))
                if call and "(INJECTED)" in resumed[3]:
                    call.is_injected = True
    for call in found:
        call.is_foreign = call.thread in foreign
    return [call for call in found if call.name != MARK]


def sites(path):
    """The calls of the network in a trace: name and number, and in how many threads there is one of that number.

    strace counts for each thread, so one rule strikes each thread that comes so far."""
    found = {}
    for call in calls(path):
        if call.is_network and not call.is_foreign and call.name in errnos.ALLOWED:
            found[call.name, call.number] = found.get((call.name, call.number), 0) + 1
    return found
