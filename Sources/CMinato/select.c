#include "internal.h"

#include "minato/ready.h"
#include "ready_internal.h"

#include <stdlib.h>
#include <string.h>

/// Memberships that are waited for without allocating.
enum { STACK_ENTRIES = 64, SETS = 3 };

/// What makes a member of each set ready, and what is asked for: the tables of select(2), "Correspondence between
/// select() and poll() notifications".
static const short ready_events[SETS] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};
static const short asked_events[SETS] = {POLLIN, POLLOUT, POLLPRI};

/// The descriptor of an entry; a muted entry holds its complement, which poll(2) skips.
static int descriptor_of(const struct pollfd *entry) {
    return entry->fd < 0 ? ~entry->fd : entry->fd;
}

static int by_descriptor(const void *left, const void *right) {
    int a = descriptor_of(left), b = descriptor_of(right);
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
    for (size_t count = result < 0 ? 0 : (size_t)result; result >= 0;) {
        result = minato_ppoll(polled, count, deadline);
        if (result <= 0) break;
        int32_t ready = scatter(sets, polled, count);
        if (ready != 0) {
            result = ready;
            break;
        }
        // What woke poll(2) is nothing that select(2) reports, such as the hang-up of a descriptor that is only in the
        // writable set: it stays as it is, so go on without it.
        for (size_t i = 0; i < count; i++) {
            if (polled[i].revents != 0) polled[i].fd = ~polled[i].fd;
        }
    }
    if (polled != stack) free(polled);
    return (int32_t)result;
}
