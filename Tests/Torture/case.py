"""What is done to a program: one system call that fails with one error, at one place."""
import dataclasses

import errnos

ONCE, ROW, EVER = "", "..", "+"
IN_A_ROW = 20


@dataclasses.dataclass(frozen=True)
class Case:
    call: str
    error: str
    # The number of the call in its thread that fails, the first of them when several do.
    number: int
    # One call, twenty in a row, or all from there on.
    extent: str = ONCE

    @property
    def when(self):
        last = self.number + IN_A_ROW - 1 if self.extent == ROW else ""
        return f"{self.number}{self.extent}{last}"

    @property
    def rule(self):
        return f"{self.call}:error={self.error}:when={self.when}"

    @property
    def name(self):
        return f"{self.call}:{self.error}:{self.when}"

    @property
    def is_slow(self):
        """Whether the server is right to take its time: its pauses double."""
        return self.extent == ROW and self.error in errnos.SCARCITY.get(self.call, ())

    @property
    def limit(self):
        """For how long an answer may be missing, in seconds."""
        return 25.0 if self.is_slow else 5.0

    @property
    def lies(self):
        """Whether it says that there is nothing although there is. No edge comes for that, so the peer must do something."""
        return self.error == "EAGAIN"

    @staticmethod
    def parse(name):
        call, error, when = name.split(":")
        number, extent = (when.split("..")[0], ROW) if ".." in when else (when.rstrip("+"), EVER if "+" in when else ONCE)
        return Case(call, error, int(number), extent)


def all_of(sites):
    """The cases of a program whose calls are `sites`, without what no kernel would say."""
    for call, number in sorted(sites):
        for error in errnos.ALLOWED[call]:
            if errnos.is_unreal(call, error):
                continue
            yield Case(call, error, number)
            yield Case(call, error, number, ROW)
            if call in errnos.WAITS and error != "EINTR" and error != "ENOSYS":
                yield Case(call, error, number, EVER)
