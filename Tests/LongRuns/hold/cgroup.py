"""A control group with a limit of memory, of version 1 or 2, whichever is there."""
import os
import pathlib
import time


class MemoryGroup:
    """Made on entering and removed on leaving; `missing` says why there is none."""

    ROOTS = (
        # The folder in which groups are made, the limit, the peak.
        (pathlib.Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
        (pathlib.Path("/sys/fs/cgroup"), "memory.max", "memory.peak"),
    )

    def __init__(self, limit):
        self.limit = limit
        self.place = self.missing = None

    def __enter__(self):
        reasons = []
        for root, limit, peak in self.ROOTS:
            place = root / f"hold-{os.getpid()}"
            try:
                place.mkdir()
            except OSError as error:
                reasons.append(f"{root}: {error.strerror}")
                continue
            try:
                (place / limit).write_text(str(self.limit))
                self._peak = place / peak
                self.place = place
                return self
            except OSError as error:
                reasons.append(f"{place / limit}: {error.strerror}")
                place.rmdir()
        self.missing = "no memory cgroup: " + "; ".join(reasons)
        return self

    def join(self):
        """Moves the calling process into the group."""
        (self.place / "cgroup.procs").write_text(str(os.getpid()))

    @property
    def peak(self):
        """The most memory that there was in it, in bytes; 0 where the kernel does not tell."""
        try:
            return int(self._peak.read_text())
        except OSError:
            return 0

    def __exit__(self, *_):
        for _ in range(100):
            if not self.place:
                return
            try:
                self.place.rmdir()
                return
            except OSError:
                # Its processes have ended, and the kernel has yet to take them out of it.
                time.sleep(0.05)
