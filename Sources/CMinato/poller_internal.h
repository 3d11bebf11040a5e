/// The inside of a poller: the table of registrations, and the seam between it and a backend. Not installed.
#ifndef MINATO_POLLER_INTERNAL_H
#define MINATO_POLLER_INTERNAL_H

#include "internal.h"

#include "minato/poller.h"

#include <sys/types.h>

/// A registration, or a free place for one.
typedef struct minato_slot {
    uint64_t data;
    uint32_t interest;
    /// Counts up with each registration that comes and that goes, so that a number which is not in use matches no slot: odd
    /// while the slot is used, even while it is free; never 0 in a slot that was used.
    uint32_t generation;
    /// -1: free.
    int32_t descriptor;
    /// Free: the next free slot, or -1. Used by the poll(2) backend: the place in its array.
    int32_t link;
    /// The descriptor was closed and its number registered anew: the kernel no longer knows this one.
    bool detached;
    /// Which file the number meant when it was registered (poll(2) backend, which the kernel does not tell).
    dev_t device;
    ino_t inode;
} minato_slot;

typedef struct minato_backend {
    int32_t kind;
    /// Opens what the backend needs; `poller->wake_descriptor` is open already and is to be watched too.
    int32_t (*open)(minato_poller *poller);
    void (*close)(minato_poller *poller);
    int32_t (*add)(minato_poller *poller, int32_t index);
    int32_t (*modify)(minato_poller *poller, int32_t index, uint32_t interest);
    void (*rearm)(minato_poller *poller, int32_t index);
    void (*remove)(minato_poller *poller, int32_t index);
    /// One wait of the kernel: events written, or `-errno`. 0 also when nothing of what was reported still counts.
    int32_t (*wait)(minato_poller *poller, minato_event *events, size_t capacity, int64_t deadline);
} minato_backend;

struct minato_poller {
    const minato_backend *backend;
    /// An eventfd.
    int32_t wake_descriptor;
    /// epoll backend only.
    int32_t epoll_descriptor;
    /// poll(2) backend only: entry 0 is the wake-up; `poll_slots` says to which slot an entry belongs.
    struct pollfd *poll_entries;
    int32_t *poll_slots;
    size_t poll_count, poll_capacity, poll_next;

    minato_slot *slots;
    int32_t slot_count, slot_capacity, first_free;
    size_t registered;
    /// The slot in which a descriptor number was registered last, -1 for none.
    int32_t *slot_of_descriptor;
    size_t descriptor_capacity;
};

extern const minato_backend minato_epoll_backend;
extern const minato_backend minato_poll_backend;

/// The public number of a slot's registration: generation above, index below. Never 0.
static inline uint64_t minato_registration(const minato_poller *poller, int32_t index) {
    return (uint64_t)poller->slots[index].generation << 32 | (uint32_t)index;
}

/// Where a slot stands in the table.
static inline int32_t minato_slot_index(const minato_poller *poller, const minato_slot *slot) {
    return (int32_t)(slot - poller->slots);
}

/// The slot of a registration that still lives, or NULL.
static inline minato_slot *minato_live_slot(minato_slot *slots, int32_t slot_count, uint64_t registration) {
    uint32_t index = (uint32_t)registration;
    if (index >= (uint32_t)slot_count) return NULL;
    return slots[index].generation == (uint32_t)(registration >> 32) ? &slots[index] : NULL;
}

/// Fills in an event of a slot.
static inline void minato_fill_event(const minato_poller *poller, int32_t index, uint32_t ready, minato_event *event) {
    const minato_slot *slot = &poller->slots[index];
    *event = (minato_event){
        .registration = minato_registration(poller, index),
        .data = slot->data,
        .ready = ready,
        .descriptor = slot->descriptor,
    };
}

/// Empties the eventfd and fills in the event of a wake-up.
void minato_fill_wake(minato_poller *poller, minato_event *event);

#endif
