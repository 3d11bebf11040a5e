/// A poller: a set of registered descriptors that is waited for again and again.
///
/// Two backends with one behaviour: epoll(7), and poll(2) as the portable one. They differ only where a comment here
/// says so.
///
/// **Threads.** One thread at a time registers and waits; `minato_poller_wake` may be called from any thread and from a
/// signal handler, until the poller is closed.
///
/// **Registrations** are numbers with a generation in them: an event that was under way for a registration that has
/// since been removed is never reported, even when the descriptor number has been opened and registered anew. Remove a
/// descriptor before closing it; removing afterwards is allowed and frees the registration, but as long as a copy of
/// the descriptor (dup, fork) lives, epoll goes on waking for it. poll(2) knows numbers only: one that was closed
/// without being removed and means something else by now is reported for that; and since all eventfds, signalfds and so
/// on look alike to it, adding such a number anew without removing the old one first is `-EEXIST`.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_POLLER_H
#define MINATO_POLLER_H

#include "minato/base.h"
#include "minato/clock.h"
#include "minato/ready.h"

MINATO_BEGIN_DECLARATIONS

/// How a registration behaves, added to its interest.
enum {
    /// Edge-triggered: reported once when it becomes ready; then read or write until -EAGAIN (or a short count) and
    /// call `minato_poller_rearm`. On epoll that call does nothing; on poll(2), which has no edges, a report disarms
    /// the registration until then.
    MINATO_EDGE_TRIGGERED = 1 << 8,
    /// Reported once, then silent until `minato_poller_modify`.
    MINATO_ONE_SHOT = 1 << 9,
    /// Of several pollers that wait for one listening socket only one or some are woken (EPOLLEXCLUSIVE); ignored by
    /// the poll(2) backend. Cannot be modified.
    MINATO_EXCLUSIVE = 1 << 10
};

/// Which backend a poller uses.
enum {
    /// The best one of this system: epoll.
    MINATO_POLLER_DEFAULT = 0,
    /// epoll(7).
    MINATO_POLLER_EPOLL = 1,
    /// poll(2).
    MINATO_POLLER_POLL = 2
};

/// The `registration` of the event that `minato_poller_wake` causes. No registration of a descriptor is 0.
#define MINATO_POLLER_WAKE 0

/// A set of registered descriptors. Opaque.
typedef struct minato_poller minato_poller;

/// A descriptor that is ready.
typedef struct minato_event {
    /// The registration, or `MINATO_POLLER_WAKE`.
    uint64_t registration;
    /// The caller's value, given when registering.
    uint64_t data;
    /// `MINATO_READABLE` and so on. Hang-up and errors are reported always.
    uint32_t ready;
    /// The descriptor, -1 for a wake-up.
    int32_t descriptor;
} minato_event;

/// Opens a poller. `-EINVAL` for an unknown backend, `-EMFILE` and so on. `poller` is set to NULL on failure.
MINATO_API int32_t minato_poller_open(int32_t backend, minato_poller *MINATO_NULLABLE *MINATO_NONNULL poller);

/// Closes a poller and frees it; the registered descriptors stay open. NULL is allowed.
MINATO_API void minato_poller_close(minato_poller *MINATO_NULLABLE poller);

/// The backend that is in use: MINATO_POLLER_EPOLL or MINATO_POLLER_POLL.
MINATO_API int32_t minato_poller_backend(const minato_poller *poller);

/// A descriptor that is readable when the poller has events, for nesting it in another; -1 with the poll(2) backend.
MINATO_API int32_t minato_poller_descriptor(const minato_poller *poller);

/// How many descriptors are registered.
MINATO_API size_t minato_poller_count(const minato_poller *poller);

/// Registers a descriptor. On success `registration` is its number, never 0; on failure nothing stays registered.
///
/// `interest` is made of the flags of ready.h and the behaviours above; 0 waits for hang-up and errors only. `data`
/// comes back with each event. `-EEXIST` when the descriptor is registered already, `-EBADF` when it is not open,
/// `-EPERM` for a regular file with the epoll backend (poll(2) takes it and reports it ready always), `-EINVAL` for
/// unknown flags.
MINATO_API int32_t
minato_poller_add(minato_poller *poller, int32_t descriptor, uint32_t interest, uint64_t data, uint64_t *registration);

/// Changes interest, behaviour and data. `-ENOENT` for a registration that does not exist (any more).
///
/// When the kernel refuses, the registration stays as it was.
MINATO_API int32_t minato_poller_modify(minato_poller *poller, uint64_t registration, uint32_t interest, uint64_t data);

/// Says that an edge-triggered descriptor has been drained: the next readiness is to be reported.
MINATO_API int32_t minato_poller_rearm(minato_poller *poller, uint64_t registration);

/// Removes a registration; `-ENOENT` when it does not exist (any more). Works after its descriptor was closed.
MINATO_API int32_t minato_poller_remove(minato_poller *poller, uint64_t registration);

/// Waits until something is ready and writes up to `capacity` events (at least 1, else `-EINVAL`); returns how many.
///
/// 0: the deadline has passed. Never returns before the deadline without an event. `-EINTR`. One call reports a
/// descriptor at most once; what did not fit comes with the next call.
MINATO_API int32_t minato_poller_wait(
    minato_poller *poller, minato_event *events MINATO_COUNTED_BY(capacity), size_t capacity, int64_t deadline);

/// Ends the wait under way, or the next one, with one event `MINATO_POLLER_WAKE`, however often it was called before.
MINATO_API int32_t minato_poller_wake(minato_poller *poller);

MINATO_END_DECLARATIONS

#endif
