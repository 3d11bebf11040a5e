"""Python's module `selectors` over libminato. The interface (`BaseSelector`, `SelectorKey`) is Python's own.

SPDX-License-Identifier: Apache-2.0
"""

from collections.abc import Mapping
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector, SelectorKey

from . import select
from .arguments import descriptor_of


def _descriptor(fileobj):
    try:
        return descriptor_of(fileobj)
    except (TypeError, AttributeError):
        raise ValueError(f"Invalid file object: {fileobj!r}") from None


class _Map(Mapping):
    """The keys of a selector by file object or descriptor, read-only."""

    def __init__(self, selector):
        self._selector = selector

    def __len__(self):
        return len(self._selector._keys)

    def __getitem__(self, fileobj):
        try:
            return self._selector._keys[self._selector._lookup(fileobj)]
        except KeyError:
            raise KeyError(f"{fileobj!r} is not registered") from None

    def __iter__(self):
        return iter(self._selector._keys)


class _Selector(BaseSelector):
    """What the selectors have in common: the keys."""

    def __init__(self):
        self._keys = {}
        self._map = _Map(self)

    def _lookup(self, fileobj):
        """The descriptor of an object; of a closed one that under which it was registered."""
        try:
            return _descriptor(fileobj)
        except ValueError:
            for key in self._keys.values():
                if key.fileobj is fileobj:
                    return key.fd
            raise

    def register(self, fileobj, events, data=None):
        _check(events)
        key = SelectorKey(fileobj, self._lookup(fileobj), events, data)
        if key.fd in self._keys:
            raise KeyError(f"{fileobj!r} (FD {key.fd}) is already registered")
        self._add(key.fd, events)
        self._keys[key.fd] = key
        return key

    def unregister(self, fileobj):
        try:
            key = self._keys.pop(self._lookup(fileobj))
        except KeyError:
            raise KeyError(f"{fileobj!r} is not registered") from None
        self._remove(key.fd)
        return key

    def modify(self, fileobj, events, data=None):
        key = self._map[fileobj]
        if events != key.events:
            _check(events)
            try:
                self._change(key.fd, events)
            except BaseException:
                self.unregister(fileobj)
                raise
        self._keys[key.fd] = changed = key._replace(events=events, data=data)
        return changed

    def select(self, timeout=None):
        """Waits for seconds, for ever when None, not at all when not above 0: a list of (key, events)."""
        ready = self._wait(timeout if timeout is None or timeout > 0 else 0)
        keys = ((self._keys.get(number), events) for number, events in ready)
        return [(key, events & key.events) for key, events in keys if key is not None and events & key.events]

    def close(self):
        self._keys.clear()
        self._map = None

    def get_map(self):
        return self._map


def _check(events):
    if not events or events & ~(EVENT_READ | EVENT_WRITE):
        raise ValueError(f"Invalid events: {events!r}")


class SelectSelector(_Selector):
    """Over `select`."""

    def _add(self, number, events):
        pass

    _change = _add

    def _remove(self, number):
        pass

    def _wait(self, timeout):
        readers = [key.fd for key in self._keys.values() if key.events & EVENT_READ]
        writers = [key.fd for key in self._keys.values() if key.events & EVENT_WRITE]
        readable, writable, _ = select.select(readers, writers, (), timeout)
        ready = dict.fromkeys(readable, EVENT_READ)
        for number in writable:
            ready[number] = ready.get(number, 0) | EVENT_WRITE
        return ready.items()


class _MaskSelector(_Selector):
    """Over an object with the methods of `select.poll`."""

    def __init__(self):
        super().__init__()
        self._selector = self._selector_cls()

    @staticmethod
    def _mask(events):
        return (select.POLLIN if events & EVENT_READ else 0) | (select.POLLOUT if events & EVENT_WRITE else 0)

    def _add(self, number, events):
        self._selector.register(number, self._mask(events))

    def _change(self, number, events):
        self._selector.modify(number, self._mask(events))

    def _remove(self, number):
        try:
            self._selector.unregister(number)
        except (OSError, KeyError):
            pass  # It was closed before.

    def _events(self, mask):
        # An error or a hang-up is both: what the caller then does will tell.
        return (EVENT_READ if mask & ~select.POLLOUT else 0) | (EVENT_WRITE if mask & ~select.POLLIN else 0)

    def _wait(self, timeout):
        return [(number, self._events(mask)) for number, mask in self._poll(timeout)]


class PollSelector(_MaskSelector):
    """Over `poll`."""

    _selector_cls = select.poll

    def _poll(self, timeout):
        return self._selector.poll(None if timeout is None else timeout * 1000.0)


class EpollSelector(_MaskSelector):
    """Over `epoll`."""

    _selector_cls = select.epoll

    def fileno(self):
        return self._selector.fileno()

    def _poll(self, timeout):
        return self._selector.poll(timeout)

    def close(self):
        self._selector.close()
        super().close()


DefaultSelector = EpollSelector
