/// Registrations over the life of descriptor numbers, and many of them at once; both backends.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

static const int32_t backends[] = {MINATO_POLLER_EPOLL, MINATO_POLLER_POLL};

static void for_each_backend(void (*run)(minato_poller *poller)) {
    for (size_t i = 0; i < 2; i += 1) {
        minato_poller *poller;
        check_row(i == 0 ? "epoll" : "poll");
        CHECK_INT(minato_poller_open(backends[i], &poller), 0);
        run(poller);
        minato_poller_close(poller);
    }
    check_row(NULL);
}

static void open_and_close(void) {
    minato_poller *poller = (minato_poller *)&backends;
    CHECK_INT(minato_poller_open(99, &poller), -EINVAL);
    CHECK(poller == NULL);
    CHECK_INT(minato_poller_open(-1, &poller), -EINVAL);
    minato_poller_close(NULL);
    CHECK_INT(minato_poller_open(MINATO_POLLER_DEFAULT, &poller), 0);
    CHECK_INT(minato_poller_backend(poller), MINATO_POLLER_EPOLL);
    // Nested: it is readable when there are events.
    int32_t left, right, descriptor = CHECK_DESCRIPTOR(minato_poller_descriptor(poller));
    uint64_t registration;
    fixture_pair(SOCK_STREAM, &left, &right);
    CHECK_INT(minato_poller_add(poller, left, MINATO_READABLE, 0, &registration), 0);
    CHECK_INT(minato_wait(descriptor, MINATO_READABLE, MINATO_NO_WAIT), -EAGAIN);
    CHECK_INT(minato_socket_send(right, "x", 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_wait(descriptor, MINATO_READABLE, fixture_soon()), MINATO_READABLE);
    minato_poller_close(poller);
    fixture_close(left);
    fixture_close(right);
    CHECK_INT(minato_poller_open(MINATO_POLLER_POLL, &poller), 0);
    CHECK_INT(minato_poller_descriptor(poller), -1);
    minato_poller_close(poller);
}

/// Without descriptors it does not open, and what it had opened by then is closed, as the end of each test sees.
static void without_descriptors(void) {
    struct rlimit limit;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int32_t next = fixture_file(1);
    fixture_close(next);
    minato_poller *poller;
    // epoll takes two, poll one.
    for (int32_t spare = 0; spare < 2; spare += 1) {
        struct rlimit few = {.rlim_cur = (rlim_t)(next + spare), .rlim_max = limit.rlim_max};
        CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
        CHECK_INT(minato_poller_open(MINATO_POLLER_EPOLL, &poller), -EMFILE);
        CHECK(poller == NULL);
        CHECK_INT(minato_poller_open(MINATO_POLLER_POLL, &poller), spare == 0 ? -EMFILE : 0);
        minato_poller_close(poller);
    }
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/// A number that is not open costs no memory, however large it is.
static void not_open(minato_poller *poller) {
    static const int32_t numbers[] = {1 << 25, 1000000000, INT32_MAX - 63, INT32_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i += 1) {
        struct rusage before, after;
        uint64_t registration = 1;
        CHECK_INT(getrusage(RUSAGE_SELF, &before), 0);
        CHECK_INT(minato_poller_add(poller, numbers[i], MINATO_READABLE, 0, &registration), -EBADF);
        CHECK_INT(getrusage(RUSAGE_SELF, &after), 0);
        CHECK_INT(registration, 0);
        // In KiB; an entry for each number would be 128 MiB for the least of them.
        CHECK(after.ru_maxrss - before.ru_maxrss < 65536);
    }
}

/// Closed without being removed: nothing is reported, however often it is asked, and the others are.
static void closed(minato_poller *poller) {
    int32_t left, right, other, another;
    uint64_t registration, second;
    minato_event event;
    fixture_pair(SOCK_STREAM, &left, &right);
    fixture_pair(SOCK_STREAM, &other, &another);
    CHECK_INT(minato_poller_add(poller, left, MINATO_READABLE, 1, &registration), 0);
    CHECK_INT(minato_poller_add(poller, other, MINATO_READABLE, 2, &second), 0);
    fixture_close(left);
    fixture_close(right);
    for (int i = 0; i < 2; i += 1) CHECK_INT(minato_poller_wait(poller, &event, 1, MINATO_NO_WAIT), 0);
    CHECK_INT(minato_socket_send(another, "x", 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_poller_wait(poller, &event, 1, fixture_soon()), 1);
    CHECK_INT(event.data, 2);
    CHECK_INT(minato_poller_remove(poller, registration), 0);
    CHECK_INT(minato_poller_remove(poller, second), 0);
    fixture_close(other);
    fixture_close(another);
}

/// Closed without being removed, and its number opened and registered anew: the old registration neither reports the
/// new one nor removes it.
static void reused_number(minato_poller *poller) {
    int32_t left, right, other, another;
    uint64_t old, new, newest;
    minato_event event;
    fixture_pair(SOCK_STREAM, &left, &right);
    fixture_pair(SOCK_STREAM, &other, &another);
    CHECK_INT(minato_poller_add(poller, left, MINATO_READABLE, 1, &old), 0);
    fixture_close(left);
    // The same number, another socket.
    CHECK_INT(dup3(other, left, O_CLOEXEC), left);
    CHECK_INT(minato_poller_add(poller, left, MINATO_READABLE, 2, &new), 0);
    CHECK(old != new);
    CHECK_INT(minato_socket_send(another, "x", 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_poller_wait(poller, &event, 1, fixture_soon()), 1);
    CHECK_INT(event.registration, new);
    CHECK_INT(event.data, 2);
    CHECK_INT(minato_poller_modify(poller, old, MINATO_WRITABLE, 3), -ENOENT);
    CHECK_INT(minato_poller_remove(poller, old), 0);
    CHECK_INT(minato_poller_remove(poller, old), -ENOENT);
    CHECK_INT(minato_poller_wait(poller, &event, 1, fixture_soon()), 1);
    CHECK_INT(event.registration, new);
    CHECK_INT(event.data, 2);
    // The new one still holds the number, until that is used once more.
    CHECK_INT(minato_poller_add(poller, left, MINATO_READABLE, 3, &newest), -EEXIST);
    fixture_close(left);
    CHECK_INT(dup3(other, left, O_CLOEXEC), left);
    CHECK_INT(minato_poller_remove(poller, new), 0);
    CHECK_INT(minato_poller_add(poller, left, MINATO_READABLE, 3, &newest), 0);
    CHECK_INT(minato_poller_wait(poller, &event, 1, fixture_soon()), 1);
    CHECK_INT(event.registration, newest);
    CHECK_INT(minato_poller_remove(poller, newest), 0);
    CHECK_INT(minato_poller_count(poller), 0);
    CHECK_INT(minato_poller_wait(poller, &event, 1, MINATO_NO_WAIT), 0);
    fixture_close(left);
    fixture_close(right);
    fixture_close(other);
    fixture_close(another);
}

/// Closed, and its number opened anew but not registered: removing the old one is allowed and touches nothing.
static void removed_after_close(minato_poller *poller) {
    int32_t left, right;
    uint64_t registration, other;
    minato_event event;
    fixture_pair(SOCK_STREAM, &left, &right);
    CHECK_INT(minato_poller_add(poller, left, MINATO_READABLE, 1, &registration), 0);
    fixture_close(left);
    CHECK_INT(minato_poller_remove(poller, registration), 0);
    CHECK_INT(minato_poller_count(poller), 0);
    CHECK_INT(minato_poller_wait(poller, &event, 1, MINATO_NO_WAIT), 0);
    CHECK_INT(dup3(right, left, O_CLOEXEC), left);
    CHECK_INT(minato_poller_add(poller, left, MINATO_WRITABLE, 4, &other), 0);
    CHECK_INT(minato_poller_remove(poller, registration), -ENOENT);
    CHECK_INT(minato_poller_wait(poller, &event, 1, fixture_soon()), 1);
    CHECK_INT(event.registration, other);
    CHECK_INT(minato_poller_remove(poller, other), 0);
    fixture_close(left);
    fixture_close(right);
}

/// Of two events that are ready together, the second is removed while the first is handled: it is never reported.
static void stale_generation(minato_poller *poller) {
    enum { PAIRS = 4 };
    int32_t left[PAIRS], right[PAIRS];
    uint64_t registrations[PAIRS], seen[8];
    size_t seen_count = 0;
    for (int i = 0; i < PAIRS; i += 1) {
        fixture_pair(SOCK_STREAM, &left[i], &right[i]);
        CHECK_INT(minato_poller_add(poller, left[i], MINATO_READABLE, (uint64_t)i, &registrations[i]), 0);
        CHECK_INT(minato_socket_send(right[i], "x", 1, 0, fixture_soon()), 1);
    }
    minato_event event;
    CHECK_INT(minato_poller_wait(poller, &event, 1, fixture_soon()), 1);
    // Every other is removed, closed, and its number used again.
    for (uint64_t i = 0; i < PAIRS; i += 1) {
        if (i == event.data) continue;
        CHECK_INT(minato_poller_remove(poller, registrations[i]), 0);
        fixture_close(left[i]);
        int32_t other;
        fixture_pair(SOCK_STREAM, &left[i], &other);
        fixture_close(right[i]);
        right[i] = other;
        uint64_t old = registrations[i];
        CHECK_INT(minato_poller_add(poller, left[i], MINATO_READABLE, 100 + i, &registrations[i]), 0);
        CHECK(registrations[i] != old);
    }
    CHECK_INT(minato_poller_remove(poller, event.registration), 0);
    while (minato_poller_wait(poller, &event, 1, MINATO_NO_WAIT) == 1) {
        CHECK(seen_count < 8);
        seen[seen_count++] = event.data;
    }
    CHECK_INT(seen_count, 0);
    (void)seen;
    for (int i = 0; i < PAIRS; i += 1) {
        fixture_close(left[i]);
        fixture_close(right[i]);
    }
}

/// The memory for events is smaller than the ready set: everyone has a turn, and nobody twice in one call.
static void fair(minato_poller *poller) {
    enum { PAIRS = 40, CAPACITY = 7 };
    int32_t left[PAIRS], right[PAIRS], turns[PAIRS] = {0};
    uint64_t registration;
    for (int i = 0; i < PAIRS; i += 1) {
        fixture_pair(SOCK_STREAM, &left[i], &right[i]);
        CHECK_INT(minato_poller_add(poller, left[i], MINATO_READABLE, (uint64_t)i, &registration), 0);
        CHECK_INT(minato_socket_send(right[i], "x", 1, 0, fixture_soon()), 1);
    }
    int32_t total = 0;
    while (total < 4 * PAIRS) {
        minato_event events[CAPACITY];
        bool now[PAIRS] = {0};
        int32_t count = minato_poller_wait(poller, events, CAPACITY, fixture_soon());
        CHECK(count >= 1 && count <= CAPACITY);
        for (int32_t i = 0; i < count; i += 1) {
            CHECK(events[i].data < PAIRS && !now[events[i].data]);
            now[events[i].data] = true;
            turns[events[i].data] += 1;
        }
        total += count;
    }
    for (int i = 0; i < PAIRS; i += 1) CHECK(turns[i] >= 2);
    // All at once when there is room.
    minato_event all[PAIRS * 2];
    CHECK_INT(minato_poller_wait(poller, all, PAIRS * 2, fixture_soon()), PAIRS);
    for (int i = 0; i < PAIRS; i += 1) {
        fixture_close(left[i]);
        fixture_close(right[i]);
    }
}

/// Edges are not lost when the memory for events is smaller than the ready set.
static void edges_in_parts(minato_poller *poller) {
    enum { PAIRS = 20 };
    int32_t left[PAIRS], right[PAIRS], turns[PAIRS] = {0};
    uint64_t registration;
    minato_event event;
    for (int i = 0; i < PAIRS; i += 1) {
        fixture_pair(SOCK_STREAM, &left[i], &right[i]);
        uint32_t interest = MINATO_READABLE | MINATO_EDGE_TRIGGERED;
        CHECK_INT(minato_poller_add(poller, left[i], interest, (uint64_t)i, &registration), 0);
        CHECK_INT(minato_socket_send(right[i], "x", 1, 0, fixture_soon()), 1);
    }
    for (int i = 0; i < PAIRS; i += 1) {
        CHECK_INT(minato_poller_wait(poller, &event, 1, fixture_soon()), 1);
        turns[event.data] += 1;
    }
    CHECK_INT(minato_poller_wait(poller, &event, 1, MINATO_NO_WAIT), 0);
    for (int i = 0; i < PAIRS; i += 1) {
        CHECK_INT(turns[i], 1);
        fixture_close(left[i]);
        fixture_close(right[i]);
    }
}

/// Many registrations, added and removed in turn: numbers are never given twice.
static void churn(minato_poller *poller) {
    int32_t left, right;
    uint64_t previous = 0, registration;
    fixture_pair(SOCK_STREAM, &left, &right);
    for (int i = 0; i < 1000; i += 1) {
        CHECK_INT(minato_poller_add(poller, left, MINATO_READABLE, 0, &registration), 0);
        CHECK(registration != 0 && registration != previous);
        if (previous != 0) CHECK_INT(minato_poller_remove(poller, previous), -ENOENT);
        CHECK_INT(minato_poller_remove(poller, registration), 0);
        previous = registration;
    }
    fixture_close(left);
    fixture_close(right);
}

/// A number of another poller, which is the next one of a free place here: it is nobody's.
static void foreign_number(minato_poller *poller) {
    int32_t left, right;
    uint64_t registration, foreign, numbers[2];
    minato_poller *other;
    fixture_pair(SOCK_STREAM, &left, &right);
    CHECK_INT(minato_poller_open(minato_poller_backend(poller), &other), 0);
    CHECK_INT(minato_poller_add(other, left, MINATO_READABLE, 0, &registration), 0);
    CHECK_INT(minato_poller_remove(other, registration), 0);
    CHECK_INT(minato_poller_add(other, left, MINATO_READABLE, 0, &foreign), 0);
    CHECK_INT(minato_poller_add(poller, left, MINATO_READABLE, 0, &registration), 0);
    CHECK_INT(minato_poller_remove(poller, registration), 0);
    CHECK_INT(minato_poller_modify(poller, foreign, MINATO_WRITABLE, 0), -ENOENT);
    CHECK_INT(minato_poller_rearm(poller, foreign), -ENOENT);
    CHECK_INT(minato_poller_remove(poller, foreign), -ENOENT);
    CHECK_INT(minato_poller_count(poller), 0);
    CHECK_INT(minato_poller_add(poller, left, MINATO_READABLE, 0, &numbers[0]), 0);
    CHECK_INT(minato_poller_add(poller, right, MINATO_READABLE, 0, &numbers[1]), 0);
    CHECK(numbers[0] != numbers[1]);
    CHECK_INT(minato_poller_count(poller), 2);
    minato_poller_close(other);
    fixture_close(left);
    fixture_close(right);
}

static void closing(void) {
    for_each_backend(closed);
}
static void reuse(void) {
    for_each_backend(reused_number);
}
static void late_removal(void) {
    for_each_backend(removed_after_close);
}
static void stale(void) {
    for_each_backend(stale_generation);
}
static void fairness(void) {
    for_each_backend(fair);
}
static void edges(void) {
    for_each_backend(edges_in_parts);
}
static void churning(void) {
    for_each_backend(churn);
}
static void unopened(void) {
    for_each_backend(not_open);
}
static void foreign(void) {
    for_each_backend(foreign_number);
}

const struct check_test poller_life_tests[] = {
    {"poller: open and close", open_and_close},
    {"poller: without descriptors", without_descriptors},
    {"poller: not open", unopened},
    {"poller: closed without being removed", closing},
    {"poller: a number used again", reuse},
    {"poller: removed after closing", late_removal},
    {"poller: stale registrations", stale},
    {"poller: fairness", fairness},
    {"poller: edges in parts", edges},
    {"poller: churn", churning},
    {"poller: a number of another poller", foreign},
    {0},
};
