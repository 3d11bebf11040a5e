#include "internal.h"

#include "minato/ready.h"
#include "ready_internal.h"

#include <stdlib.h>
#include <string.h>

/// Descriptors that are waited for without allocating.
enum { STACK_ENTRIES = 64 };

int32_t minato_await(int32_t descriptor, short events, int64_t deadline) {
    // poll(2) skips a negative number, and would wait for nothing.
    if (descriptor < 0) return -EBADF;
    struct pollfd entry = {.fd = descriptor, .events = events, .revents = 0};
    int64_t count = minato_ppoll(&entry, 1, deadline);
    if (count < 0) return (int32_t)count;
    if (count == 0) return minato_expired(deadline);
    return entry.revents & POLLNVAL ? -EBADF : 0;
}

/// What `pause` is when it has been waited, and the call not been made again.
static const int64_t NO_PAUSE = 1;
/// The first and the longest pause between two looks at what is ready and would block.
static const int64_t FIRST_PAUSE = 1000000, LONGEST_PAUSE = 50000000;

int32_t minato_await_again(int32_t descriptor, short events, int64_t deadline, int64_t *pause) {
    // Whoever comes too late, since another thread was faster, finds that it is not ready any more, and waits.
    int32_t ready = *pause == 0 ? -EAGAIN : minato_await(descriptor, events, MINATO_NO_WAIT);
    if (ready == -EAGAIN) {
        *pause = NO_PAUSE;
        return minato_await(descriptor, events, deadline);
    }
    if (ready < 0) return ready;
    int64_t left = minato_clock_remaining(deadline);
    if (left == 0) return minato_expired(deadline);
    // Or that it is ready once more, by something else that has come: that is worth a try at once, but not for ever.
    if (*pause == NO_PAUSE) {
        *pause = FIRST_PAUSE;
        return 0;
    }
    int64_t slept = minato_ppoll(NULL, 0, minato_clock_deadline(left < *pause ? left : *pause));
    int64_t longest = events == POLLIN ? FIRST_PAUSE : LONGEST_PAUSE;
    *pause = *pause < longest / 2 ? *pause * 2 : longest;
    return (int32_t)slept;
}

int64_t minato_ppoll(struct pollfd *entries, size_t count, int64_t deadline) {
    for (;;) {
        struct timespec storage;
        int64_t ready = minato_result(
            ppoll(entries, (nfds_t)count, minato_remaining_timespec(deadline, &storage), NULL));
        if (ready != 0) return ready;
        // The kernel never wakes early, but it caps very long waits.
        if (deadline <= MINATO_NO_WAIT || minato_clock_remaining(deadline) == 0) return 0;
    }
}

int32_t minato_wait(int32_t descriptor, uint32_t interest, int64_t deadline) {
    if (descriptor < 0) return -EBADF;
    struct pollfd entry = {.fd = descriptor, .events = minato_poll_events(interest), .revents = 0};
    int64_t count = minato_ppoll(&entry, 1, deadline);
    if (count < 0) return (int32_t)count;
    if (count == 0) return minato_expired(deadline);
    return entry.revents & POLLNVAL ? -EBADF : (int32_t)minato_ready_flags(entry.revents);
}

int32_t minato_poll(minato_poll_entry *entries, size_t count, int64_t deadline) {
    struct pollfd stack[STACK_ENTRIES];
    struct pollfd *polled = stack;
    if (count > STACK_ENTRIES) {
        polled = calloc(count, sizeof *polled);
        if (polled == NULL) return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        polled[i].fd = entries[i].descriptor;
        polled[i].events = minato_poll_events(entries[i].interest);
        polled[i].revents = 0;
    }
    int64_t ready = minato_ppoll(polled, count, deadline);
    if (ready >= 0) {
        for (size_t i = 0; i < count; i++) entries[i].ready = minato_ready_flags(polled[i].revents);
    }
    if (polled != stack) free(polled);
    return (int32_t)ready;
}
