#include "internal.h"

#include "minato/ready.h"
#include "ready_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

/// Memberships that are waited for without allocating.
enum { STACK_ENTRIES = 64, SETS = 3, WORD_BITS = 8 * sizeof(unsigned long) };

/// What makes a member of each set ready, and what is asked for: the tables of select(2), "Correspondence between
/// select() and poll() notifications".
static const short ready_events[SETS] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};
static const short asked_events[SETS] = {POLLIN, POLLOUT, POLLPRI};

static int by_descriptor(const void *left, const void *right) {
    int a = ((const struct pollfd *)left)->fd, b = ((const struct pollfd *)right)->fd;
    return (a > b) - (a < b);
}

/// One entry for each membership, sorted and merged, so that a descriptor is polled once: poll(2) takes no more entries
/// than the process may have descriptors. Returns how many are left, or `-EBADF`.
static int64_t gather(const minato_select_set *const sets[SETS], struct pollfd *polled) {
    size_t count = 0;
    for (int set = 0; set < SETS; set++) {
        for (size_t i = 0; sets[set] != NULL && i < sets[set]->count; i++) {
            int32_t descriptor = sets[set]->descriptors[i];
            if (descriptor < 0) return -EBADF;
            polled[count++] = (struct pollfd){.fd = descriptor, .events = asked_events[set], .revents = 0};
        }
    }
    if (count == 0) return 0;
    qsort(polled, count, sizeof *polled, by_descriptor);
    size_t merged = 0;
    for (size_t i = 1; i < count; i++) {
        if (polled[i].fd == polled[merged].fd) {
            polled[merged].events |= polled[i].events;
        } else {
            polled[++merged] = polled[i];
        }
    }
    return (int64_t)merged + 1;
}

/// Writes the ready bytes and returns how many memberships are ready, or `-EBADF` when a descriptor is not open.
static int32_t scatter(const minato_select_set *const sets[SETS], const struct pollfd *polled, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (polled[i].revents & POLLNVAL) return -EBADF;
    }
    int32_t total = 0;
    for (int set = 0; set < SETS; set++) {
        for (size_t i = 0; sets[set] != NULL && i < sets[set]->count; i++) {
            struct pollfd key = {.fd = sets[set]->descriptors[i], .events = 0, .revents = 0};
            const struct pollfd *found = bsearch(&key, polled, count, sizeof key, by_descriptor);
            bool ready = found != NULL && (found->revents & ready_events[set]) != 0;
            sets[set]->ready[i] = ready;
            total += ready;
        }
    }
    return total;
}

/// Waits inside pselect(2), whose sets may be longer than those of the C library: the kernel takes as many bits as the process
/// may have descriptors.
///
/// Only there can a descriptor be waited for beside a condition that poll(2) always reports, such as the hang-up of a Unix
/// stream whose peer has yet to read what makes it writable.
static int32_t select_of_kernel(const minato_select_set *const sets[SETS], int highest, int64_t deadline) {
    size_t words = (size_t)highest / WORD_BITS + 1;
    unsigned long *bits = calloc(SETS * words, sizeof *bits);
    if (bits == NULL) return -ENOMEM;
    int64_t result;
    do {
        memset(bits, 0, SETS * words * sizeof *bits);
        for (size_t set = 0; set < SETS; set++) {
            for (size_t i = 0; sets[set] != NULL && i < sets[set]->count; i++) {
                size_t bit = (size_t)sets[set]->descriptors[i];
                bits[set * words + bit / WORD_BITS] |= 1ul << bit % WORD_BITS;
            }
        }
        struct timespec storage;
        result = minato_result(pselect(
            highest + 1, (fd_set *)bits, (fd_set *)(bits + words), (fd_set *)(bits + 2 * words),
            minato_remaining_timespec(deadline, &storage), NULL));
    } while (result == 0 && minato_clock_remaining(deadline) > 0);
    int32_t total = 0;
    for (size_t set = 0; result > 0 && set < SETS; set++) {
        for (size_t i = 0; sets[set] != NULL && i < sets[set]->count; i++) {
            size_t bit = (size_t)sets[set]->descriptors[i];
            sets[set]->ready[i] = bits[set * words + bit / WORD_BITS] >> bit % WORD_BITS & 1;
            total += sets[set]->ready[i];
        }
    }
    free(bits);
    return result < 0 ? (int32_t)result : total;
}

int32_t minato_select(
    const minato_select_set *readable, const minato_select_set *writable, const minato_select_set *exceptional,
    int64_t deadline) {
    const minato_select_set *const sets[SETS] = {readable, writable, exceptional};
    size_t memberships = 0;
    for (int set = 0; set < SETS; set++) {
        if (sets[set] == NULL || sets[set]->count == 0) continue;
        if (sets[set]->count > SIZE_MAX / sizeof(struct pollfd) - memberships) return -EINVAL;
        memberships += sets[set]->count;
        memset(sets[set]->ready, 0, sets[set]->count);
    }

    struct pollfd stack[STACK_ENTRIES];
    struct pollfd *polled = stack;
    if (memberships > STACK_ENTRIES) {
        polled = calloc(memberships, sizeof *polled);
        if (polled == NULL) return -ENOMEM;
    }
    int64_t result = gather(sets, polled);
    if (result >= 0) {
        size_t count = (size_t)result;
        result = minato_ppoll(polled, count, deadline);
        bool woken = result > 0;
        if (woken) result = scatter(sets, polled, count);
        // What woke poll(2) is nothing that select(2) reports, and poll(2) would not wait as long as it holds.
        if (woken && result == 0) result = select_of_kernel(sets, polled[count - 1].fd, deadline);
    }
    if (polled != stack) free(polled);
    return (int32_t)result;
}
