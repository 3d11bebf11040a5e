/// What the C files share: results, waiting, and the modes that a call borrows from a descriptor. Not installed.
#ifndef MINATO_INTERNAL_H
#define MINATO_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "minato/base.h"
#include "minato/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

/// A system call's answer in the convention of the library. To be used around the call, before anything else runs.
static inline int64_t minato_result(int64_t answer) {
    return answer < 0 ? -(int64_t)errno : answer;
}

/// Whether a call, made on a descriptor that does not wait, has to be made again when the descriptor is ready.
static inline bool minato_would_block(int64_t result) {
    return result == -EAGAIN || result == -EWOULDBLOCK;
}

/// What a call returns when it may not wait any longer.
static inline int32_t minato_expired(int64_t deadline) {
    return deadline <= MINATO_NO_WAIT ? -EAGAIN : -ETIMEDOUT;
}

/// The time left as a timespec for a kernel wait, or NULL for a deadline that never comes.
static inline const struct timespec *minato_remaining_timespec(int64_t deadline, struct timespec *storage) {
    if (deadline == MINATO_NO_DEADLINE) return NULL;
    int64_t left = minato_clock_remaining(deadline);
    storage->tv_sec = (time_t)(left / 1000000000);
    storage->tv_nsec = (long)(left % 1000000000);
    return storage;
}

/// Waits with poll(2) until one of `events` (or a hang-up or error) holds: 0, or a failure as in `minato_wait`.
int32_t minato_await(int32_t descriptor, short events, int64_t deadline);

/// Waits as `minato_await` does before a call that would block is made again. `pause` is 0 the first time, and is kept.
///
/// What poll(2) calls ready may go on to block: a Unix stream that is looked at up to an out-of-band byte, or beyond what
/// SO_PEEK_OFF has seen. Nothing announces the end of that, so it is looked for after pauses that grow. Whoever has only been
/// too late twice in a row, since other threads were faster, pauses for 1 ms at most: that is what POLLIN alone stands for.
int32_t minato_await_again(int32_t descriptor, short events, int64_t deadline, int64_t *pause);

/// Whether the descriptor is a socket of a stream.
bool minato_is_stream(int32_t descriptor);

/// What a receive with flags waits for. An out-of-band byte is announced before it comes (tcp(7), MSG_OOB in recv(2)):
/// POLLIN says nothing about it, and POLLRDHUP that it does not come any more. UDP has none, and does not look at the flag.
///
/// MSG_PEEK leaves what is announced where it is: POLLRDNORM, which says the same as POLLIN, tells it from a plain receive.
static inline short minato_receive_events(int32_t descriptor, int32_t flags) {
    if (flags & MSG_OOB && minato_is_stream(descriptor)) return POLLPRI | POLLRDHUP;
    return flags & MSG_PEEK ? POLLIN | POLLRDNORM : POLLIN;
}

/// What -EAGAIN means of a call that gives an IP socket a port if it has none: -EADDRNOTAVAIL when it still has none. All are
/// taken then (ip(7), EAGAIN of inet_autobind in the kernel), and poll(2) says "writable" all the while.
int32_t minato_port_result(int32_t descriptor);

/// The deadline of a call with flags: none for MSG_DONTWAIT, which says so, and for MSG_ERRQUEUE, since nothing announces
/// that the error queue is still empty (POLLIN says "data", POLLERR stays away).
static inline int64_t minato_flags_deadline(int32_t flags, int64_t deadline) {
    return flags & (MSG_DONTWAIT | MSG_ERRQUEUE) ? MINATO_NO_WAIT : deadline;
}

/// Makes `call` until it does not have to wait, and returns its result from the function that uses the macro.
#define MINATO_RETURN_WHEN_READY(descriptor, events, deadline, call) \
    MINATO_RETURN_RESULT_WHEN_READY(descriptor, events, deadline, minato_result(call))

/// The same of a call whose answer is a result already.
#define MINATO_RETURN_RESULT_WHEN_READY(descriptor, events, deadline, call) \
    int64_t result_ = (call); \
    if (!minato_would_block(result_) || (deadline) <= MINATO_NO_WAIT) return result_; \
    for (int64_t pause_ = 0;;) { \
        int32_t waited_ = minato_await_again((descriptor), (events), (deadline), &pause_); \
        if (waited_ < 0) return waited_; \
        result_ = (call); \
        if (!minato_would_block(result_)) return result_; \
    }

/// Sets O_NONBLOCK to `wanted` and returns what it was (0 or 1), or a failure.
int32_t minato_exchange_nonblocking(int32_t descriptor, bool wanted);

/// A descriptor that blocks for one call, for at most the time that is left.
///
/// Some waits of Unix sockets (a peer's full backlog, a peer's full receive queue) exist only inside the system call:
/// no readiness is ever reported for them. See unix(7) and SO_SNDTIMEO in socket(7).
typedef struct minato_blocking_spell {
    int32_t descriptor;
    int32_t was_nonblocking;
    int64_t send_timeout;
} minato_blocking_spell;

/// Makes the descriptor block, under SO_SNDTIMEO, until the deadline. 0 or a failure; `minato_expired` when it has
/// passed.
int32_t minato_blocking_begin(minato_blocking_spell *spell, int32_t descriptor, int64_t deadline);

/// Sets the descriptor back to what it was.
void minato_blocking_end(const minato_blocking_spell *spell);

#endif
