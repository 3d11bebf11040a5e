#include "poller_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    KNOWN_INTEREST = MINATO_READABLE | MINATO_WRITABLE | MINATO_PRIORITY | MINATO_READ_CLOSED,
    KNOWN_FLAGS = KNOWN_INTEREST | MINATO_EDGE_TRIGGERED | MINATO_ONE_SHOT | MINATO_EXCLUSIVE
};

static const minato_backend *backend_of(int32_t kind) {
    switch (kind) {
    case MINATO_POLLER_DEFAULT:
    case MINATO_POLLER_EPOLL:
        return &minato_epoll_backend;
    case MINATO_POLLER_POLL:
        return &minato_poll_backend;
    default:
        return NULL;
    }
}

int32_t minato_poller_open(int32_t kind, minato_poller **poller) {
    *poller = NULL;
    const minato_backend *backend = backend_of(kind);
    if (backend == NULL) return -EINVAL;
    minato_poller *made = calloc(1, sizeof *made);
    if (made == NULL) return -ENOMEM;
    made->backend = backend;
    made->epoll_descriptor = -1;
    made->first_free = -1;
    made->wake_descriptor = (int32_t)minato_result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    int32_t result = made->wake_descriptor < 0 ? made->wake_descriptor : backend->open(made);
    if (result < 0) {
        if (made->wake_descriptor >= 0) close(made->wake_descriptor);
        free(made);
        return result;
    }
    *poller = made;
    return 0;
}

void minato_poller_close(minato_poller *poller) {
    if (poller == NULL) return;
    poller->backend->close(poller);
    close(poller->wake_descriptor);
    free(poller->slots);
    free(poller->slot_of_descriptor);
    free(poller);
}

int32_t minato_poller_backend(const minato_poller *poller) {
    return poller->backend->kind;
}

int32_t minato_poller_descriptor(const minato_poller *poller) {
    return poller->epoll_descriptor;
}

size_t minato_poller_count(const minato_poller *poller) {
    return poller->registered;
}

/// Makes room for one more slot and for the descriptor's number, if it is open. Nothing else changes when memory is short.
static int32_t reserve(minato_poller *poller, int32_t descriptor) {
    if (poller->first_free < 0 && poller->slot_count == poller->slot_capacity) {
        int32_t capacity = poller->slot_capacity == 0 ? 16 : poller->slot_capacity * 2;
        minato_slot *slots = realloc(poller->slots, (size_t)capacity * sizeof *slots);
        if (slots == NULL) return -ENOMEM;
        poller->slots = slots;
        poller->slot_capacity = capacity;
    }
    if ((size_t)descriptor >= poller->descriptor_capacity) {
        // A number that is not open may be of any size, and is not to cost memory.
        int32_t flags = (int32_t)minato_result(fcntl(descriptor, F_GETFD));
        if (flags < 0) return flags;
        size_t capacity = ((size_t)descriptor | 63) + 1;
        if (capacity < poller->descriptor_capacity * 2) capacity = poller->descriptor_capacity * 2;
        int32_t *map = realloc(poller->slot_of_descriptor, (size_t)capacity * sizeof *map);
        if (map == NULL) return -ENOMEM;
        for (size_t i = poller->descriptor_capacity; i < capacity; i++) map[i] = -1;
        poller->slot_of_descriptor = map;
        poller->descriptor_capacity = capacity;
    }
    return 0;
}

static int32_t take_slot(minato_poller *poller) {
    int32_t index = poller->first_free;
    if (index >= 0) {
        poller->first_free = poller->slots[index].link;
    } else {
        index = poller->slot_count++;
        poller->slots[index].generation = 0;
    }
    uint32_t generation = poller->slots[index].generation + 1;
    poller->slots[index] = (minato_slot){.generation = generation, .descriptor = -1, .link = -1};
    return index;
}

static void give_slot_back(minato_poller *poller, int32_t index) {
    minato_slot *slot = &poller->slots[index];
    // Whoever still has the old number finds that it is nobody's, and so does who has the next one, of another poller.
    slot->generation = slot->generation == UINT32_MAX ? 2 : slot->generation + 1;
    slot->descriptor = -1;
    slot->link = poller->first_free;
    poller->first_free = index;
}

int32_t
minato_poller_add(minato_poller *poller, int32_t descriptor, uint32_t interest, uint64_t data, uint64_t *registration) {
    *registration = 0;
    if (descriptor < 0) return -EBADF;
    if (interest & ~(uint32_t)KNOWN_FLAGS) return -EINVAL;
    int32_t result = reserve(poller, descriptor);
    if (result < 0) return result;

    int32_t index = take_slot(poller);
    minato_slot *slot = &poller->slots[index];
    slot->descriptor = descriptor;
    slot->interest = interest;
    slot->data = data;
    result = poller->backend->add(poller, index);
    if (result < 0) {
        give_slot_back(poller, index);
        return result;
    }
    // The kernel took the number, so what it meant in an older registration is closed. That one must not touch it.
    int32_t older = poller->slot_of_descriptor[descriptor];
    if (older >= 0) poller->slots[older].detached = true;
    poller->slot_of_descriptor[descriptor] = index;
    poller->registered++;
    *registration = minato_registration(poller, index);
    return 0;
}

int32_t minato_poller_modify(minato_poller *poller, uint64_t registration, uint32_t interest, uint64_t data) {
    minato_slot *slot = minato_live_slot(poller->slots, poller->slot_count, registration);
    if (slot == NULL || slot->detached) return -ENOENT;
    if (interest & ~(uint32_t)KNOWN_FLAGS) return -EINVAL;
    int32_t result = poller->backend->modify(poller, minato_slot_index(poller, slot), interest);
    if (result < 0) return result;
    slot->interest = interest;
    slot->data = data;
    return 0;
}

int32_t minato_poller_rearm(minato_poller *poller, uint64_t registration) {
    const minato_slot *slot = minato_live_slot(poller->slots, poller->slot_count, registration);
    if (slot == NULL) return -ENOENT;
    poller->backend->rearm(poller, minato_slot_index(poller, slot));
    return 0;
}

int32_t minato_poller_remove(minato_poller *poller, uint64_t registration) {
    const minato_slot *slot = minato_live_slot(poller->slots, poller->slot_count, registration);
    if (slot == NULL) return -ENOENT;
    int32_t index = minato_slot_index(poller, slot);
    poller->backend->remove(poller, index);
    if (!slot->detached) poller->slot_of_descriptor[slot->descriptor] = -1;
    give_slot_back(poller, index);
    poller->registered--;
    return 0;
}

int32_t minato_poller_wait(minato_poller *poller, minato_event *events, size_t capacity, int64_t deadline) {
    if (capacity == 0) return -EINVAL;
    for (;;) {
        int32_t count = poller->backend->wait(poller, events, capacity, deadline);
        if (count != 0) return count;
        if (deadline <= MINATO_NO_WAIT || minato_clock_remaining(deadline) == 0) return 0;
    }
}

int32_t minato_poller_wake(minato_poller *poller) {
    static const uint64_t one = 1;
    int saved = errno; // a signal handler may call this
    int64_t result;
    do result = minato_result(write(poller->wake_descriptor, &one, sizeof one));
    while (result == -EINTR); // or it would be lost, and who waits would wait for ever
    errno = saved;
    // EAGAIN: the counter is full, and the wake-up is pending anyway.
    return result < 0 && result != -EAGAIN ? (int32_t)result : 0;
}

void minato_fill_wake(minato_poller *poller, minato_event *event) {
    uint64_t count;
    ssize_t ignored = read(poller->wake_descriptor, &count, sizeof count);
    (void)ignored; // it is non-blocking, and empty is what it shall be
    *event = (minato_event){.registration = MINATO_POLLER_WAKE, .data = 0, .ready = MINATO_READABLE, .descriptor = -1};
}
