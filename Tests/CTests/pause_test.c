/// Calls that would block though poll(2) goes on to say "ready": they end by their deadline, and do not spin until then.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../Sources/CMinato/internal.h"
#include "check.h"
#include "fixture.h"
#include "subjects.h"

/// The time of the processor that this thread has had, in nanoseconds.
static int64_t processor_time(void) {
    struct timespec time;
    CHECK_INT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time), 0);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static char bytes[8];

static int64_t receive(int32_t descriptor, int32_t flags, int64_t deadline) {
    return minato_socket_receive(descriptor, bytes, sizeof bytes, flags, deadline);
}

static int64_t receive_from(int32_t descriptor, int32_t flags, int64_t deadline) {
    minato_address sender;
    return minato_socket_receive_from(descriptor, bytes, sizeof bytes, flags, &sender, deadline);
}

static int64_t receive_message(int32_t descriptor, int32_t flags, int64_t deadline) {
    const minato_buffer buffer = {.base = bytes, .length = sizeof bytes};
    return minato_message_receive(descriptor, &buffer, 1, NULL, NULL, flags, NULL, deadline);
}

static int64_t receive_batch(int32_t descriptor, int32_t flags, int64_t deadline) {
    minato_datagram datagram = {.buffer = {.base = bytes, .length = sizeof bytes}};
    return minato_message_receive_batch(descriptor, &datagram, 1, flags, deadline);
}

static const struct {
    const char *name;
    int64_t (*call)(int32_t descriptor, int32_t flags, int64_t deadline);
} receivers[] = {
    {"receive", receive},
    {"receive from", receive_from},
    {"receive a message", receive_message},
    {"receive a batch", receive_batch},
};

/// Each way to receive ends by its deadline, has slept until then, and is ended by a signal.
static void check_waits(int32_t descriptor, int32_t flags) {
    for (size_t i = 0; i < sizeof receivers / sizeof receivers[0]; i += 1) {
        check_row(receivers[i].name);
        CHECK_INT(receivers[i].call(descriptor, flags, MINATO_NO_WAIT), -EAGAIN);
        CHECK_INT(receivers[i].call(descriptor, flags, 1), -ETIMEDOUT);
        int64_t before = processor_time(), deadline = fixture_in(100);
        CHECK_INT(receivers[i].call(descriptor, flags, deadline), -ETIMEDOUT);
        CHECK(minato_clock_now() >= deadline);
        CHECK(processor_time() - before < 50000000);
        fixture_start_signals();
        CHECK_INT(receivers[i].call(descriptor, flags, MINATO_NO_DEADLINE), -EINTR);
        fixture_stop_signals();
    }
    check_row(NULL);
}

/// A look at a Unix stream ends before an out-of-band byte, which poll(2) calls readable.
static void out_of_band_on_unix(void) {
    int32_t left, right;
    fixture_pair(SOCK_STREAM, &left, &right);
    if (send(right, "!", 1, MSG_OOB) < 0) {
        printf("skipped: out-of-band bytes on Unix sockets: this kernel has none\n");
    } else {
        check_waits(left, MSG_PEEK);
    }
    fixture_close(left);
    fixture_close(right);
}

static void *send_more(void *argument) {
    CHECK_INT(minato_socket_send(*(const int32_t *)argument, "defg", 4, 0, fixture_soon()), 4);
    return NULL;
}

/// All that has come was looked at: what comes then is seen.
static void looked_at(void) {
    int32_t left, right;
    fixture_pair(SOCK_STREAM, &left, &right);
    CHECK_INT(setsockopt(left, SOL_SOCKET, SO_PEEK_OFF, &(int){0}, sizeof(int)), 0);
    CHECK_INT(minato_socket_send(right, "abc", 3, 0, fixture_soon()), 3);
    CHECK_INT(receive(left, MSG_PEEK, fixture_soon()), 3);
    check_waits(left, MSG_PEEK);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, send_more, &right), 0);
    CHECK_INT(receive(left, MSG_PEEK, fixture_soon()), 4);
    CHECK_INT(memcmp(bytes, "defg", 4), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    fixture_close(left);
    fixture_close(right);
}

enum { MANY = 40000 };

static void *receive_many(void *argument) {
    static char buffer[MANY];
    CHECK_INT(minato_socket_receive(*(const int32_t *)argument, buffer, MANY, MSG_WAITALL, fixture_soon()), MANY);
    return NULL;
}

/// An out-of-band byte of TCP that is announced, and does not fit into the window before what was sent earlier is read.
static void out_of_band_on_tcp(void) {
    minato_address address;
    int32_t listener = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    CHECK_INT(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int)), 0);
    address = fixture_loopback(0);
    CHECK_INT(minato_socket_bind(listener, &address), 0);
    CHECK_INT(minato_socket_listen(listener, 1), 0);
    CHECK_INT(minato_socket_local_address(listener, &address), 0);
    int32_t client = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    CHECK_INT(minato_socket_connect(client, &address, fixture_soon()), 0);
    int32_t server = CHECK_DESCRIPTOR(minato_socket_accept(listener, 0, fixture_soon(), NULL));
    static const char many[MANY];
    size_t sent;
    CHECK_INT(minato_socket_send_all(client, many, sizeof many, 0, fixture_soon(), &sent), 0);
    CHECK_INT(minato_socket_send(client, "!", 1, MSG_OOB, fixture_soon()), 1);
    // -EINVAL until it is announced, which the kernel does when it asks for room.
    int64_t result, deadline = fixture_soon();
    do result = receive(server, MSG_OOB, MINATO_NO_WAIT);
    while (result == -EINVAL && minato_poll(NULL, 0, fixture_in(1)) == 0 && minato_clock_now() < deadline);
    CHECK_INT(result, -EAGAIN);
    for (size_t i = 0; i < sizeof receivers / sizeof receivers[0]; i += 1) {
        check_row(receivers[i].name);
        int64_t before = processor_time();
        CHECK_INT(receivers[i].call(server, MSG_OOB, fixture_in(100)), -ETIMEDOUT);
        CHECK(processor_time() - before < 50000000);
    }
    check_row(NULL);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, receive_many, &server), 0);
    CHECK_INT(receive(server, MSG_OOB, fixture_soon()), 1);
    CHECK_INT(bytes[0], '!');
    CHECK_INT(pthread_join(thread, NULL), 0);
    fixture_close(client);
    fixture_close(server);
    fixture_close(listener);
}

struct sending {
    int32_t sender;
    pid_t receiver;
};

/// Whether a thread of this process sleeps. See proc(5).
static bool sleeps(pid_t thread) {
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    int32_t file = CHECK_DESCRIPTOR(open(path, O_RDONLY | O_CLOEXEC));
    CHECK(read(file, line, sizeof line - 1) > 0);
    fixture_close(file);
    const char *name_end = strrchr(line, ')');
    return name_end != NULL && name_end[2] == 'S';
}

static void *send_to_sleeper(void *argument) {
    const struct sending *sending = argument;
    while (!sleeps(sending->receiver)) sched_yield();
    CHECK_INT(minato_socket_send(sending->sender, "!", 1, 0, fixture_soon()), 1);
    return NULL;
}

/// UDP does not look at the flag: a datagram that comes during the wait is received.
static void out_of_band_on_udp(void) {
    minato_address address;
    int32_t receiver = fixture_bound_datagram(AF_INET, &address);
    struct sending sending = {.sender = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0))};
    sending.receiver = gettid();
    CHECK_INT(minato_socket_connect(sending.sender, &address, fixture_soon()), 0);
    check_waits(receiver, MSG_OOB);
    for (size_t i = 0; i < sizeof receivers / sizeof receivers[0]; i += 1) {
        check_row(receivers[i].name);
        pthread_t thread;
        CHECK_INT(pthread_create(&thread, NULL, send_to_sleeper, &sending), 0);
        CHECK_INT(receivers[i].call(receiver, MSG_OOB, fixture_soon()), 1);
        CHECK_INT(pthread_join(thread, NULL), 0);
    }
    check_row(NULL);
    fixture_close(receiver);
    fixture_close(sending.sender);
}

/// A network of its own, with two ports for sockets that are given one; whether the kernel lets us have it.
static bool leave_for_two_ports(void) {
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
    int32_t file = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool is_set = write(file, "40000 40001", 11) == 11;
    fixture_close(file);
    return is_set;
}

static void check_without_ports(int32_t family, const minato_address *target) {
    const minato_buffer buffer = {.base = bytes, .length = 1};
    minato_datagram datagram = {.buffer = buffer, .address = *target};
    // No socket has a port: neither a wait nor none, nor "at once", which would have an event loop spin.
    const int64_t deadlines[] = {MINATO_NO_DEADLINE, 1, MINATO_NO_WAIT};
    for (size_t i = 0; i < 3; i += 1) {
        int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(family, SOCK_DGRAM | SOCK_NONBLOCK, 0));
        CHECK_INT(minato_socket_send_to(descriptor, bytes, 1, 0, target, deadlines[i]), -EADDRNOTAVAIL);
        CHECK_INT(minato_message_send(descriptor, &buffer, 1, target, NULL, 0, deadlines[i]), -EADDRNOTAVAIL);
        CHECK_INT(minato_message_send_batch(descriptor, &datagram, 1, 0, deadlines[i]), -EADDRNOTAVAIL);
        CHECK_INT(minato_socket_connect(descriptor, target, deadlines[i]), -EADDRNOTAVAIL);
        CHECK_INT(minato_socket_start_connect(descriptor, target), -EADDRNOTAVAIL);
        fixture_close(descriptor);
    }
}

/// How often this thread has gone to sleep.
static int64_t sleeps_so_far(void) {
    struct rusage usage;
    CHECK_INT(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_nvcsw;
}

/// Another thread was faster, and there is something again: the call is made at once, and soon when that happens again.
static void too_late(void) {
    enum { ROUNDS = 100, IN_A_ROW = 10 };
    int32_t left, right;
    fixture_pair(SOCK_STREAM, &left, &right);
    CHECK_INT(minato_socket_send(right, "a", 1, 0, fixture_soon()), 1);
    short events = minato_receive_events(left, 0);
    int64_t before = sleeps_so_far();
    for (size_t i = 0; i < ROUNDS; i += 1) {
        int64_t pause = 0;
        CHECK_INT(minato_await_again(left, events, fixture_soon(), &pause), 0);
        CHECK_INT(minato_await_again(left, events, fixture_soon(), &pause), 0);
    }
    // The machine may have it sleep for a page, now and then.
    CHECK(sleeps_so_far() - before < ROUNDS / 2);
    int64_t pause = 0;
    for (size_t i = 0; i < IN_A_ROW; i += 1) {
        CHECK_INT(minato_await_again(left, events, fixture_soon(), &pause), 0);
        CHECK(pause <= 1000000);
    }
    // And never all the time.
    const int32_t flags[] = {0, MSG_PEEK};
    for (size_t i = 0; i < 2; i += 1) {
        int64_t deadline = fixture_in(100), tries = 0;
        pause = 0;
        while (minato_await_again(left, minato_receive_events(left, flags[i]), deadline, &pause) == 0) tries += 1;
        CHECK(minato_clock_now() >= deadline);
        CHECK(tries <= (flags[i] == 0 ? 103 : 10));
    }
    fixture_close(left);
    fixture_close(right);
}

static void without_ports(void) {
    // In a child, since the network is that of the process.
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(30); // which it does not have of its parent
        if (!leave_for_two_ports()) _exit(77);
        for (uint16_t port = 40000; port <= 40001; port += 1) {
            minato_address any;
            minato_address_set_ipv4(&any, (const uint8_t[4]){0}, port);
            CHECK_INT(minato_socket_bind(CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0)), &any), 0);
        }
        minato_address target = fixture_loopback(9);
        check_without_ports(AF_INET, &target);
        minato_address_set_ipv6(&target, (const uint8_t[16]){[15] = 1}, 9, 0, 0);
        check_without_ports(AF_INET6, &target);
        _exit(0);
    }
    int status;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        printf("skipped: all ports taken: no network of its own for a process here\n");
    } else {
        CHECK_INT(WEXITSTATUS(status), 0);
    }
}

const struct check_test pause_tests[] = {
    {"pause: out of band on a Unix stream", out_of_band_on_unix},
    {"pause: all looked at", looked_at},
    {"pause: out of band on TCP", out_of_band_on_tcp},
    {"pause: out of band on UDP", out_of_band_on_udp},
    {"pause: too late", too_late},
    {"pause: all ports taken", without_ports},
    {0},
};
