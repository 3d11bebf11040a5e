#define _GNU_SOURCE
#include "minato/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

static void one(void) {
    int32_t left, right;
    fixture_pair(SOCK_STREAM, &left, &right);
    const uint32_t all = MINATO_READABLE | MINATO_WRITABLE | MINATO_READ_CLOSED;
    CHECK_INT(minato_wait(left, MINATO_WRITABLE, fixture_soon()), MINATO_WRITABLE);
    CHECK_INT(minato_wait(left, all, MINATO_NO_WAIT), MINATO_WRITABLE);
    CHECK_INT(minato_wait(left, MINATO_READABLE, MINATO_NO_WAIT), -EAGAIN);
    CHECK_INT(minato_socket_send(right, "x", 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_wait(left, all, fixture_soon()), MINATO_READABLE | MINATO_WRITABLE);
    CHECK_INT(minato_socket_shutdown(right, SHUT_WR), 0);
    CHECK_INT(minato_wait(left, MINATO_READABLE, fixture_soon()), MINATO_READABLE);
    CHECK_INT(minato_wait(left, all, fixture_soon()), all);
    fixture_close(right);
    CHECK_INT(minato_wait(left, MINATO_READABLE, fixture_soon()), MINATO_READABLE | MINATO_HANGUP);
    CHECK_INT(minato_wait(left, 0, fixture_soon()), MINATO_HANGUP);
    fixture_close(left);
    CHECK_INT(minato_wait(left, MINATO_READABLE, fixture_soon()), -EBADF);
    CHECK_INT(minato_wait(-1, MINATO_READABLE, fixture_soon()), -EBADF);
    fixture_tcp_pair(&left, &right);
    CHECK_INT(minato_socket_send(right, "!", 1, MSG_OOB, fixture_soon()), 1);
    CHECK_INT(minato_wait(left, MINATO_PRIORITY, fixture_soon()), MINATO_PRIORITY);
    CHECK_INT(minato_option_set_linger(right, true, 0), 0);
    fixture_close(right);
    CHECK((minato_wait(left, 0, fixture_soon()) & MINATO_ERROR) != 0);
    fixture_close(left);
}

static void some(void) {
    int32_t left, right, closed = fixture_file(1);
    fixture_pair(SOCK_STREAM, &left, &right);
    fixture_close(closed);
    minato_poll_entry entries[] = {
        {left, MINATO_READABLE, 99},
        {right, MINATO_READABLE | MINATO_WRITABLE, 99},
        {-1, MINATO_READABLE, 99},
        {closed, MINATO_READABLE, 99},
        {right, 0, 99},
    };
    CHECK_INT(minato_poll(entries, 5, fixture_soon()), 2);
    CHECK_INT(entries[0].ready, 0);
    CHECK_INT(entries[1].ready, MINATO_WRITABLE);
    CHECK_INT(entries[2].ready, 0);
    CHECK_INT(entries[3].ready, MINATO_INVALID);
    CHECK_INT(entries[4].ready, 0);
    CHECK_INT(minato_poll(entries, 1, MINATO_NO_WAIT), 0);
    CHECK_INT(minato_poll(entries, 0, MINATO_NO_WAIT), 0);
    int64_t deadline = fixture_in(3);
    CHECK_INT(minato_poll(entries, 0, deadline), 0);
    CHECK(minato_clock_now() >= deadline);
    // More than fit on the stack.
    minato_poll_entry many[300];
    for (int i = 0; i < 300; i += 1) many[i] = (minato_poll_entry){left, i == 299 ? MINATO_WRITABLE : 0, 99};
    CHECK_INT(minato_poll(many, 300, fixture_soon()), 1);
    CHECK_INT(many[299].ready, MINATO_WRITABLE);
    CHECK_INT(many[0].ready, 0);
    fixture_close(left);
    fixture_close(right);
}

static void three_sets(void) {
    int32_t left, right, other, another;
    fixture_tcp_pair(&left, &right);
    fixture_pair(SOCK_STREAM, &other, &another);
    CHECK_INT(minato_socket_send(right, "!", 1, MSG_OOB, fixture_soon()), 1);
    CHECK_INT(minato_wait(left, MINATO_PRIORITY, fixture_soon()), MINATO_PRIORITY);
    CHECK_INT(minato_socket_send(another, "x", 1, 0, fixture_soon()), 1);
    // Out of order, in several sets, and twice in one.
    const int32_t readers[] = {other, left, another, other}, writers[] = {another, left}, exceptional[] = {other, left};
    uint8_t readable[4], writable[2], excepted[2];
    memset(readable, 9, sizeof readable);
    memset(writable, 9, sizeof writable);
    memset(excepted, 9, sizeof excepted);
    minato_select_set sets[] = {{readers, readable, 4}, {writers, writable, 2}, {exceptional, excepted, 2}};
    CHECK_INT(minato_select(&sets[0], &sets[1], &sets[2], fixture_soon()), 5);
    CHECK_INT(memcmp(readable, "\1\0\0\1", 4), 0);
    CHECK_INT(memcmp(writable, "\1\1", 2), 0);
    CHECK_INT(memcmp(excepted, "\0\1", 2), 0);
    CHECK_INT(minato_select(&sets[0], NULL, NULL, fixture_soon()), 2);
    CHECK_INT(minato_select(NULL, &sets[1], NULL, fixture_soon()), 2);
    CHECK_INT(minato_select(NULL, NULL, &sets[2], fixture_soon()), 1);
    CHECK_INT(minato_select(NULL, NULL, NULL, MINATO_NO_WAIT), 0);
    int64_t deadline = fixture_in(3);
    minato_select_set nothing = {NULL, NULL, 0};
    CHECK_INT(minato_select(&nothing, NULL, NULL, deadline), 0);
    CHECK(minato_clock_now() >= deadline);
    // The end of the stream is readable; a hang-up alone neither writable nor exceptional.
    fixture_close(other);
    fixture_close(another);
    fixture_close(right);
    minato_select_set end = {&left, readable, 1};
    readable[0] = 0;
    CHECK_INT(minato_select(&end, NULL, NULL, fixture_soon()), 1);
    CHECK_INT(readable[0], 1);
    // Not open: nothing is left ready.
    memset(readable, 9, sizeof readable);
    memset(writable, 9, sizeof writable);
    CHECK_INT(minato_select(&sets[0], &sets[1], NULL, fixture_soon()), -EBADF);
    CHECK_INT(memcmp(readable, "\0\0\0\0", 4), 0);
    CHECK_INT(memcmp(writable, "\0\0", 2), 0);
    const int32_t negative = -1;
    end.descriptors = &negative;
    CHECK_INT(minato_select(&end, NULL, NULL, fixture_soon()), -EBADF);
    fixture_close(left);
    // A pipe whose reader is gone reports an error, which is writable; one whose writer is gone is at its end.
    int ends[2];
    CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
    fixture_close(ends[0]);
    end = (minato_select_set){&ends[1], writable, 1};
    CHECK_INT(minato_select(NULL, &end, NULL, fixture_soon()), 1);
    CHECK_INT(minato_select(&end, NULL, NULL, fixture_soon()), 1);
    CHECK_INT(minato_select(NULL, NULL, &end, fixture_in(3)), 0);
    fixture_close(ends[1]);
    // Full as well, it is writable by its error alone.
    CHECK_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    static const char page[4096];
    while (write(ends[1], page, sizeof page) > 0) continue;
    end.descriptors = &ends[1];
    CHECK_INT(minato_select(NULL, &end, NULL, MINATO_NO_WAIT), 0);
    fixture_close(ends[0]);
    CHECK_INT(minato_select(NULL, &end, NULL, fixture_soon()), 1);
    fixture_close(ends[1]);
    CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
    fixture_close(ends[1]);
    end.descriptors = &ends[0];
    CHECK_INT(minato_select(&end, NULL, NULL, fixture_soon()), 1);
    fixture_close(ends[0]);
}

static void *read_all(void *argument) {
    char buffer[65536];
    while (minato_socket_receive(*(const int32_t *)argument, buffer, sizeof buffer, 0, fixture_soon()) > 0) continue;
    return NULL;
}

/// A hang-up is not writable, and the peer that has shut down makes it so when it reads; others are heard meanwhile.
static void writable_after_hang_up(void) {
    int32_t left, right, other, another;
    uint8_t readable = 9, writable = 9;
    fixture_pair(SOCK_STREAM, &left, &right);
    fixture_pair(SOCK_STREAM, &other, &another);
    fixture_fill(left, NULL);
    CHECK_INT(minato_socket_shutdown(right, SHUT_RDWR), 0);
    minato_select_set reading = {&other, &readable, 1}, writing = {&left, &writable, 1};
    CHECK_INT(minato_select(NULL, &writing, NULL, MINATO_NO_WAIT), 0);
    int64_t deadline = fixture_in(3);
    CHECK_INT(minato_select(&reading, &writing, NULL, deadline), 0);
    CHECK(minato_clock_now() >= deadline);
    CHECK_INT(readable, 0);
    CHECK_INT(writable, 0);
    fixture_start_signals();
    CHECK_INT(minato_select(&reading, &writing, NULL, MINATO_NO_DEADLINE), -EINTR);
    fixture_stop_signals();
    CHECK_INT(minato_socket_send(another, "x", 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_select(&reading, &writing, NULL, fixture_soon()), 1);
    CHECK_INT(readable, 1);
    CHECK_INT(writable, 0);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, read_all, &right), 0);
    CHECK_INT(minato_select(NULL, &writing, NULL, fixture_soon()), 1);
    CHECK_INT(writable, 1);
    CHECK_INT(pthread_join(thread, NULL), 0);
    fixture_close(left);
    fixture_close(right);
    fixture_close(other);
    fixture_close(another);
}

/// More than there is place for on the stack; one of them twice, and in two sets.
static void many(void) {
    enum { PAIRS = 40 };
    int32_t descriptors[2 * PAIRS];
    uint8_t ready[2][2 * PAIRS];
    for (int i = 0; i < PAIRS; i += 1) fixture_pair(SOCK_STREAM, &descriptors[2 * i], &descriptors[2 * i + 1]);
    minato_select_set readable = {descriptors, ready[0], 2 * PAIRS}, writable = {descriptors, ready[1], 2 * PAIRS};
    CHECK_INT(minato_select(&readable, NULL, NULL, MINATO_NO_WAIT), 0);
    CHECK_INT(minato_socket_send(descriptors[0], "x", 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_socket_send(descriptors[2 * PAIRS - 1], "x", 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_select(&readable, &writable, NULL, fixture_soon()), 2 + 2 * PAIRS);
    for (int i = 0; i < 2 * PAIRS; i += 1) {
        CHECK_INT(ready[0][i], i == 1 || i == 2 * PAIRS - 2);
        CHECK_INT(ready[1][i], 1);
    }
    for (int i = 0; i < 2 * PAIRS; i += 1) fixture_close(descriptors[i]);
    CHECK_INT(minato_select(&readable, NULL, NULL, fixture_soon()), -EBADF);
}

static void high_descriptors(void) {
    struct rlimit limit, raised;
    enum { HIGH = 1500 };
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    raised = limit;
    raised.rlim_cur = limit.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &raised), 0);
    CHECK(limit.rlim_max > HIGH + 1);
    int32_t left, right;
    fixture_pair(SOCK_STREAM, &left, &right);
    CHECK_INT(dup3(left, HIGH, O_CLOEXEC), HIGH);
    const int32_t descriptors[] = {HIGH, left};
    uint8_t ready[2] = {9, 9};
    minato_select_set set = {descriptors, ready, 2};
    CHECK_INT(minato_select(&set, NULL, NULL, MINATO_NO_WAIT), 0);
    CHECK_INT(memcmp(ready, "\0\0", 2), 0);
    CHECK_INT(minato_socket_send(right, "x", 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_select(&set, &set, NULL, fixture_soon()), 4);
    CHECK_INT(memcmp(ready, "\1\1", 2), 0);
    minato_poll_entry entry = {HIGH, MINATO_READABLE, 0};
    CHECK_INT(minato_poll(&entry, 1, fixture_soon()), 1);
    CHECK_INT(minato_wait(HIGH, MINATO_READABLE, fixture_soon()), MINATO_READABLE);
    for (int32_t backend = MINATO_POLLER_EPOLL; backend <= MINATO_POLLER_POLL; backend += 1) {
        minato_poller *poller;
        minato_event event;
        uint64_t registration;
        CHECK_INT(minato_poller_open(backend, &poller), 0);
        CHECK_INT(minato_poller_add(poller, HIGH, MINATO_READABLE, 5, &registration), 0);
        CHECK_INT(minato_poller_wait(poller, &event, 1, fixture_soon()), 1);
        CHECK_INT(event.descriptor, HIGH);
        minato_poller_close(poller);
    }
    fixture_close(HIGH);
    CHECK_INT(minato_select(&set, NULL, NULL, MINATO_NO_WAIT), -EBADF);
    fixture_close(left);
    fixture_close(right);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

const struct check_test ready_tests[] = {
    {"ready: wait", one},
    {"ready: poll", some},
    {"ready: select", three_sets},
    {"ready: select beside a hang-up", writable_after_hang_up},
    {"ready: select of many", many},
    {"ready: descriptors above 1023", high_descriptors},
    {0},
};
