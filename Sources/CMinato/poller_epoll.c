#include "poller_internal.h"

#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/// Events fetched by one system call at most; the kernel refuses more than INT_MAX bytes of them.
enum { LARGEST_BATCH = 1 << 20 };

_Static_assert(sizeof(struct epoll_event) <= sizeof(minato_event), "the kernel's events fit into the memory of ours");

static uint32_t epoll_events(uint32_t interest) {
    uint32_t events = 0;
    if (interest & MINATO_READABLE) events |= EPOLLIN;
    if (interest & MINATO_WRITABLE) events |= EPOLLOUT;
    if (interest & MINATO_PRIORITY) events |= EPOLLPRI;
    if (interest & MINATO_READ_CLOSED) events |= EPOLLRDHUP;
    if (interest & MINATO_EDGE_TRIGGERED) events |= EPOLLET;
    if (interest & MINATO_ONE_SHOT) events |= EPOLLONESHOT;
    if (interest & MINATO_EXCLUSIVE) events |= EPOLLEXCLUSIVE;
    return events;
}

// Looked up: this runs once for every event there is.
#define LOW_FLAGS(events) \
    ((events)&EPOLLIN ? MINATO_READABLE : 0) | ((events)&EPOLLPRI ? MINATO_PRIORITY : 0) | \
        ((events)&EPOLLOUT ? MINATO_WRITABLE : 0) | ((events)&EPOLLERR ? MINATO_ERROR : 0) | \
        ((events)&EPOLLHUP ? MINATO_HANGUP : 0)
#define FOUR_LOW_FLAGS(events) \
    LOW_FLAGS(events), LOW_FLAGS((events) + 1), LOW_FLAGS((events) + 2), LOW_FLAGS((events) + 3)

static const uint8_t low_flags[] = {
    FOUR_LOW_FLAGS(0),  FOUR_LOW_FLAGS(4),  FOUR_LOW_FLAGS(8),  FOUR_LOW_FLAGS(12),
    FOUR_LOW_FLAGS(16), FOUR_LOW_FLAGS(20), FOUR_LOW_FLAGS(24), FOUR_LOW_FLAGS(28),
};

_Static_assert(
    (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP) < sizeof low_flags &&
        (int)EPOLLRDHUP >> 10 == (int)MINATO_READ_CLOSED,
    "the bits of epoll_wait(2) have moved");

static inline uint32_t ready_flags(uint32_t events) {
    return low_flags[events % sizeof low_flags] | (events & EPOLLRDHUP) >> 10;
}

static int32_t control(minato_poller *poller, int operation, int32_t descriptor, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return (int32_t)minato_result(epoll_ctl(poller->epoll_descriptor, operation, descriptor, &event));
}

static void backend_close(minato_poller *poller) {
    close(poller->epoll_descriptor);
}

static int32_t backend_open(minato_poller *poller) {
    poller->epoll_descriptor = (int32_t)minato_result(epoll_create1(EPOLL_CLOEXEC));
    if (poller->epoll_descriptor < 0) return poller->epoll_descriptor;
    int32_t result = control(poller, EPOLL_CTL_ADD, poller->wake_descriptor, EPOLLIN, MINATO_POLLER_WAKE);
    if (result < 0) backend_close(poller);
    return result;
}

static int32_t backend_add(minato_poller *poller, int32_t index) {
    const minato_slot *slot = &poller->slots[index];
    uint64_t registration = minato_registration(poller, index);
    return control(poller, EPOLL_CTL_ADD, slot->descriptor, epoll_events(slot->interest), registration);
}

static int32_t backend_modify(minato_poller *poller, int32_t index, uint32_t interest) {
    uint64_t registration = minato_registration(poller, index);
    return control(poller, EPOLL_CTL_MOD, poller->slots[index].descriptor, epoll_events(interest), registration);
}

static void backend_rearm(minato_poller *poller, int32_t index) {
    // The kernel notices edges by itself.
    (void)poller;
    (void)index;
}

static void backend_remove(minato_poller *poller, int32_t index) {
    const minato_slot *slot = &poller->slots[index];
    // Fails when the descriptor was closed, which has removed it already.
    if (!slot->detached) control(poller, EPOLL_CTL_DEL, slot->descriptor, 0, 0);
}

/// The time left in whole milliseconds, rounded up; -1 for a deadline that never comes.
static int remaining_milliseconds(int64_t deadline) {
    if (deadline == MINATO_NO_DEADLINE) return -1;
    int64_t left = minato_clock_remaining(deadline);
    return left > (int64_t)(INT_MAX - 1) * 1000000 ? INT_MAX : (int)((left + 999999) / 1000000);
}

/// epoll_wait(2) to an absolute deadline; in whole milliseconds, rounded up, on kernels before 5.11.
static int64_t wait_once(minato_poller *poller, struct epoll_event *fetched, int count, int64_t deadline) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
    // Only a real deadline needs the finer clock.
    if (deadline > MINATO_NO_WAIT && deadline != MINATO_NO_DEADLINE) {
        struct timespec storage;
        const struct timespec *left = minato_remaining_timespec(deadline, &storage);
        int64_t result = minato_result(epoll_pwait2(poller->epoll_descriptor, fetched, count, left, NULL));
        if (result != -ENOSYS) return result;
    }
#endif
    return minato_result(epoll_wait(poller->epoll_descriptor, fetched, count, remaining_milliseconds(deadline)));
}

static int32_t backend_wait(minato_poller *poller, minato_event *events, size_t capacity, int64_t deadline) {
    size_t limit = capacity < LARGEST_BATCH ? capacity : LARGEST_BATCH;
    // The kernel writes its events to the end of the caller's memory. They are smaller than ours, so that filling it from
    // the front never reaches one that is still to be read.
    char *fetched = (char *)(events + limit) - limit * sizeof(struct epoll_event);
    int64_t count = wait_once(poller, (struct epoll_event *)(void *)fetched, (int)limit, deadline);
    if (count < 0) return (int32_t)count;
    // They do not change meanwhile, which the compiler cannot know.
    minato_slot *slots = poller->slots;
    int32_t slot_count = poller->slot_count;
    minato_event *filled = events;
    for (int64_t i = 0; i < count; i++) {
        struct epoll_event event;
        memcpy(&event, fetched + (size_t)i * sizeof event, sizeof event);
        uint64_t registration = event.data.u64;
        const minato_slot *slot = minato_live_slot(slots, slot_count, registration);
        if (slot == NULL) {
            // Otherwise removed, but a copy of the descriptor keeps the kernel's entry alive.
            if (registration == MINATO_POLLER_WAKE) minato_fill_wake(poller, filled++);
            continue;
        }
        filled->registration = registration;
        filled->data = slot->data;
        filled->ready = ready_flags(event.events);
        filled->descriptor = slot->descriptor;
        filled++;
    }
    return (int32_t)(filled - events);
}

const minato_backend minato_epoll_backend = {
    .kind = MINATO_POLLER_EPOLL,
    .open = backend_open,
    .close = backend_close,
    .add = backend_add,
    .modify = backend_modify,
    .rearm = backend_rearm,
    .remove = backend_remove,
    .wait = backend_wait,
};
