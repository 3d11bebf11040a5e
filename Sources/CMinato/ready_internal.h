/// Between the library's readiness flags and those of poll(2). Not installed.
#ifndef MINATO_READY_INTERNAL_H
#define MINATO_READY_INTERNAL_H

#include "internal.h"

#include "minato/ready.h"

/// ppoll(2) to an absolute deadline: entries that are ready, 0 when it came, or `-errno`.
int64_t minato_ppoll(struct pollfd *entries, size_t count, int64_t deadline);

static inline short minato_poll_events(uint32_t interest) {
    short events = 0;
    if (interest & MINATO_READABLE) events |= POLLIN;
    if (interest & MINATO_WRITABLE) events |= POLLOUT;
    if (interest & MINATO_PRIORITY) events |= POLLPRI;
    if (interest & MINATO_READ_CLOSED) events |= POLLRDHUP;
    return events;
}

static inline uint32_t minato_ready_flags(short events) {
    uint32_t ready = 0;
    if (events & POLLIN) ready |= MINATO_READABLE;
    if (events & POLLOUT) ready |= MINATO_WRITABLE;
    if (events & POLLPRI) ready |= MINATO_PRIORITY;
    if (events & POLLRDHUP) ready |= MINATO_READ_CLOSED;
    if (events & POLLHUP) ready |= MINATO_HANGUP;
    if (events & POLLERR) ready |= MINATO_ERROR;
    if (events & POLLNVAL) ready |= MINATO_INVALID;
    return ready;
}

#endif
