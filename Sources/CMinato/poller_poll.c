#include "poller_internal.h"

#include "ready_internal.h"

#include <stdlib.h>
#include <sys/stat.h>

/// Grows the two arrays together. When the second allocation fails the first is merely larger than it says.
static int32_t reserve(minato_poller *poller) {
    if (poller->poll_count < poller->poll_capacity) return 0;
    size_t capacity = poller->poll_capacity == 0 ? 16 : poller->poll_capacity * 2;
    struct pollfd *entries = realloc(poller->poll_entries, capacity * sizeof *entries);
    if (entries == NULL) return -ENOMEM;
    poller->poll_entries = entries;
    int32_t *slots = realloc(poller->poll_slots, capacity * sizeof *slots);
    if (slots == NULL) return -ENOMEM;
    poller->poll_slots = slots;
    poller->poll_capacity = capacity;
    return 0;
}

static void append(minato_poller *poller, int32_t descriptor, short events, int32_t slot) {
    size_t place = poller->poll_count++;
    poller->poll_entries[place] = (struct pollfd){.fd = descriptor, .events = events, .revents = 0};
    poller->poll_slots[place] = slot;
}

static void backend_close(minato_poller *poller) {
    free(poller->poll_entries);
    free(poller->poll_slots);
}

static int32_t backend_open(minato_poller *poller) {
    int32_t result = reserve(poller);
    if (result < 0) {
        backend_close(poller);
        return result;
    }
    append(poller, poller->wake_descriptor, POLLIN, -1);
    poller->poll_next = 1;
    return 0;
}

/// Whether the number still means the file that the slot registered.
static bool is_same_file(const minato_slot *slot, const struct stat *status) {
    return slot->device == status->st_dev && slot->inode == status->st_ino;
}

static int32_t backend_add(minato_poller *poller, int32_t index) {
    minato_slot *slot = &poller->slots[index];
    struct stat status;
    int32_t result = (int32_t)minato_result(fstat(slot->descriptor, &status));
    if (result < 0) return result;
    int32_t older = poller->slot_of_descriptor[slot->descriptor];
    if (older >= 0 && is_same_file(&poller->slots[older], &status)) return -EEXIST;
    result = reserve(poller);
    if (result < 0) return result;
    // epoll forgets a closed descriptor by itself; here its entry would report what the number means now.
    if (older >= 0) poller->poll_entries[poller->slots[older].link].fd = -1;
    slot->device = status.st_dev;
    slot->inode = status.st_ino;
    slot->link = (int32_t)poller->poll_count;
    append(poller, slot->descriptor, minato_poll_events(slot->interest), index);
    return 0;
}

static void backend_rearm(minato_poller *poller, int32_t index) {
    const minato_slot *slot = &poller->slots[index];
    bool edges = (slot->interest & MINATO_EDGE_TRIGGERED) != 0;
    if (edges && !slot->detached) poller->poll_entries[slot->link].fd = slot->descriptor;
}

static int32_t backend_modify(minato_poller *poller, int32_t index, uint32_t interest) {
    const minato_slot *slot = &poller->slots[index];
    // As epoll: EPOLLEXCLUSIVE goes with EPOLL_CTL_ADD only, and a closed descriptor cannot be modified.
    if ((interest | slot->interest) & MINATO_EXCLUSIVE) return -EINVAL;
    struct stat status;
    int32_t result = (int32_t)minato_result(fstat(slot->descriptor, &status));
    if (result < 0) return result;
    if (!is_same_file(slot, &status)) return -ENOENT;
    struct pollfd *entry = &poller->poll_entries[slot->link];
    entry->events = minato_poll_events(interest);
    entry->fd = slot->descriptor;
    return 0;
}

static void backend_remove(minato_poller *poller, int32_t index) {
    size_t place = (size_t)poller->slots[index].link;
    size_t last = --poller->poll_count;
    poller->poll_entries[place] = poller->poll_entries[last];
    poller->poll_slots[place] = poller->poll_slots[last];
    if (place != last) poller->slots[poller->poll_slots[place]].link = (int32_t)place;
}

/// Reports one entry, when it has something to report. Returns the number of events written.
static int32_t report(minato_poller *poller, size_t place, minato_event *event) {
    struct pollfd *entry = &poller->poll_entries[place];
    if (entry->fd < 0 || entry->revents == 0) return 0;
    if (entry->revents & POLLNVAL) { // closed without being removed: as silent as epoll
        entry->fd = -1;
        return 0;
    }
    int32_t index = poller->poll_slots[place];
    minato_fill_event(poller, index, minato_ready_flags(entry->revents), event);
    // poll(2) has no edges: silence until the owner says that the descriptor is drained.
    if (poller->slots[index].interest & (MINATO_EDGE_TRIGGERED | MINATO_ONE_SHOT)) entry->fd = -1;
    return 1;
}

static int32_t backend_wait(minato_poller *poller, minato_event *events, size_t capacity, int64_t deadline) {
    int64_t ready = minato_ppoll(poller->poll_entries, poller->poll_count, deadline);
    if (ready <= 0) return (int32_t)ready;
    size_t filled = 0;
    if (poller->poll_entries[0].revents != 0) minato_fill_wake(poller, &events[filled++]);
    // Begin behind the last one that was reported, so that a small capacity starves nobody.
    size_t others = poller->poll_count - 1;
    size_t start = poller->poll_next;
    for (size_t step = 0; step < others && filled < capacity; step++) {
        size_t place = 1 + (start - 1 + step) % others;
        filled += (size_t)report(poller, place, &events[filled]);
        poller->poll_next = place + 1;
    }
    return (int32_t)filled;
}

const minato_backend minato_poll_backend = {
    .kind = MINATO_POLLER_POLL,
    .open = backend_open,
    .close = backend_close,
    .add = backend_add,
    .modify = backend_modify,
    .rearm = backend_rearm,
    .remove = backend_remove,
    .wait = backend_wait,
};
