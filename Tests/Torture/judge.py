"""The rules: what a run showed, and whether that is right."""
import dataclasses

import errnos
from child import Failed

RIGHT, TYPED, STRUCK, FAILED, MISSED = "right", "typed", "struck", "failed", "missed"


@dataclasses.dataclass
class Observation:
    """What the peers of a program saw."""
    # Connections, or datagrams, that were not answered.
    broken: int = 0
    # Ended before it was asked to.
    ended_early: bool = False
    # Ended with an error that it told.
    told: bool = False
    # Sockets that it had before the first connection, by their names in /proc.
    own_sockets: frozenset = frozenset()
    # Why too many descriptors are open at the end.
    leak: str = ""
    # It is a client, for which one connection is all.
    is_client: bool = False


def judge(case, seen, calls):
    """The verdict on a run that did not hang or crash.

    calls: those of the trace, of which some were injected."""
    struck = [call for call in calls if call.is_injected and call.is_network and not call.is_foreign]
    _check_closes(case, calls)
    if seen.leak:
        raise Failed(seen.leak)
    if seen.ended_early and not seen.told:
        raise Failed("ended early, and says nothing")
    if case.error == "EINTR" and case.call != "close" and (seen.told or seen.broken):
        raise Failed("EINTR is to be retried")
    # Where each connection waits by itself, each fails by itself.
    if case.extent == "+" and seen.broken and not seen.told and not all(_is_connection(call, seen) for call in struck):
        raise Failed("serves nobody, and goes on")
    if seen.is_client:
        return TYPED if seen.told else RIGHT
    if seen.told:
        if not any(_may_end(call, case.error, seen) for call in struck):
            raise Failed("ended for the sake of one connection")
        return TYPED
    # A connection has one name; what strikes the server's own descriptors may cost one connection each.
    suffering = {call.file if _is_connection(call, seen) else (call.thread, call.number) for call in struck}
    if case.extent != "+" and seen.broken > len(suffering):
        raise Failed(f"{seen.broken} connections suffer from {len(suffering)} failures")
    return STRUCK if seen.broken else RIGHT


def _is_connection(call, seen):
    return bool(call.file) and call.file.startswith("socket:") and call.file not in seen.own_sockets


def _may_end(call, error, seen):
    """Whether a server may end because this call failed."""
    if _is_connection(call, seen) and seen.own_sockets:
        return False
    if call.file and call.file.startswith("anon_inode:"):
        return True
    return call.name in errnos.ENDING or not seen.own_sockets or error in errnos.UNUSABLE


def _check_closes(case, calls):
    """A close that failed has closed: a second one would take somebody else's descriptor. Those injected never run."""
    if case.call != "close":
        return
    closed = set()
    for call in calls:
        if call.name != "close" or not call.is_network:
            continue
        # The injected one has left it open under the same name.
        if (call.descriptor, call.file) in closed:
            raise Failed(f"closes {call.descriptor} twice")
        if call.is_injected:
            closed.add((call.descriptor, call.file))
