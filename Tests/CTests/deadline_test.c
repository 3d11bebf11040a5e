/// Every call that can wait, in a state in which it has to: one table, four rules.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

/// What a row waits on.
struct scene {
    int32_t descriptors[16];
    size_t count;
    minato_address address;
    minato_poller *poller;
};

static void keep(struct scene *scene, int32_t descriptor) {
    scene->descriptors[scene->count++] = descriptor;
}

static void tear_down(struct scene *scene) {
    minato_poller_close(scene->poller);
    while (scene->count > 0) fixture_close(scene->descriptors[--scene->count]);
}

// Scenes. The first descriptor is the one that is waited on.

static void pair_of(struct scene *scene, int32_t type, bool full) {
    int32_t left, right;
    fixture_pair(type, &left, &right);
    keep(scene, left);
    keep(scene, right);
    if (full) fixture_fill(left, NULL);
}

static void empty_stream(struct scene *scene) {
    pair_of(scene, SOCK_STREAM, false);
}

static void empty_datagram(struct scene *scene) {
    pair_of(scene, SOCK_DGRAM, false);
}

static void full_stream(struct scene *scene) {
    pair_of(scene, SOCK_STREAM, true);
    keep(scene, fixture_file(1000));
}

static void full_tcp(struct scene *scene) {
    int32_t client, server;
    fixture_tcp_pair(&client, &server);
    keep(scene, client);
    keep(scene, server);
    keep(scene, fixture_file(1000));
    // What is on its way between the two buffers makes room once more.
    for (int i = 0; i < 3; i += 1) fixture_fill(client, NULL);
}

static void full_datagram(struct scene *scene) {
    pair_of(scene, SOCK_DGRAM, true);
}

/// A receiver of many datagrams whose queue is full, and an unconnected sender.
static void full_receiver(struct scene *scene) {
    int32_t receiver = fixture_bound_datagram(AF_UNIX, &scene->address);
    keep(scene, CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_DGRAM, 0)));
    keep(scene, receiver);
    fixture_fill(scene->descriptors[0], &scene->address);
}

static void listener(struct scene *scene) {
    keep(scene, fixture_listener(1, &scene->address));
}

static void full_tcp_backlog(struct scene *scene) {
    int32_t backlog = fixture_listener(0, &scene->address), clients[8];
    keep(scene, CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0)));
    keep(scene, backlog);
    size_t count = fixture_fill_backlog(&scene->address, clients, 8);
    for (size_t i = 0; i < count; i += 1) keep(scene, clients[i]);
}

static void started_connect(struct scene *scene) {
    full_tcp_backlog(scene);
    CHECK_INT(minato_socket_set_blocking(scene->descriptors[0], false), 0);
    CHECK_INT(minato_socket_start_connect(scene->descriptors[0], &scene->address), 1);
}

static void full_unix_backlog(struct scene *scene) {
    int32_t backlog = fixture_unix_listener(0, &scene->address);
    keep(scene, CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_STREAM, 0)));
    keep(scene, backlog);
    keep(scene, CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_STREAM, 0)));
    CHECK_INT(minato_socket_connect(scene->descriptors[2], &scene->address, fixture_soon()), 0);
}

static void signals(struct scene *scene) {
    static const int32_t numbers[] = {SIGUSR2};
    keep(scene, CHECK_DESCRIPTOR(minato_signal_open(numbers, 1)));
}

static void poller_of(struct scene *scene, int32_t backend) {
    uint64_t registration;
    empty_stream(scene);
    CHECK_INT(minato_poller_open(backend, &scene->poller), 0);
    CHECK_INT(minato_poller_add(scene->poller, scene->descriptors[0], MINATO_READABLE, 0, &registration), 0);
}

static void epoll_poller(struct scene *scene) {
    poller_of(scene, MINATO_POLLER_EPOLL);
}

static void poll_poller(struct scene *scene) {
    poller_of(scene, MINATO_POLLER_POLL);
}

// Calls.

static char bytes[100];
static const minato_buffer buffer = {bytes, sizeof bytes};

static int64_t call_receive(struct scene *scene, int64_t deadline) {
    return minato_socket_receive(scene->descriptors[0], bytes, sizeof bytes, 0, deadline);
}

static int64_t call_receive_from(struct scene *scene, int64_t deadline) {
    return minato_socket_receive_from(scene->descriptors[0], bytes, sizeof bytes, 0, &scene->address, deadline);
}

static int64_t call_receive_message(struct scene *scene, int64_t deadline) {
    return minato_message_receive(scene->descriptors[0], &buffer, 1, NULL, NULL, 0, NULL, deadline);
}

static int64_t call_receive_batch(struct scene *scene, int64_t deadline) {
    minato_datagram datagram;
    memset(&datagram, 0, sizeof datagram);
    datagram.buffer = buffer;
    return minato_message_receive_batch(scene->descriptors[0], &datagram, 1, 0, deadline);
}

static int64_t call_send(struct scene *scene, int64_t deadline) {
    return minato_socket_send(scene->descriptors[0], bytes, sizeof bytes, 0, deadline);
}

static int64_t call_send_all(struct scene *scene, int64_t deadline) {
    size_t sent = 99;
    int64_t result = minato_socket_send_all(scene->descriptors[0], bytes, sizeof bytes, 0, deadline, &sent);
    CHECK_INT(sent, 0);
    return result;
}

static int64_t call_send_to(struct scene *scene, int64_t deadline) {
    return minato_socket_send_to(scene->descriptors[0], bytes, sizeof bytes, 0, &scene->address, deadline);
}

static int64_t call_send_message(struct scene *scene, int64_t deadline) {
    return minato_message_send(scene->descriptors[0], &buffer, 1, NULL, NULL, 0, deadline);
}

static int64_t call_send_message_to(struct scene *scene, int64_t deadline) {
    return minato_message_send(scene->descriptors[0], &buffer, 1, &scene->address, NULL, 0, deadline);
}

static int64_t call_send_batch(struct scene *scene, int64_t deadline) {
    minato_datagram datagrams[2];
    memset(datagrams, 0, sizeof datagrams);
    for (int i = 0; i < 2; i += 1) {
        datagrams[i].buffer = buffer;
        datagrams[i].address = scene->address;
    }
    return minato_message_send_batch(scene->descriptors[0], datagrams, 2, 0, deadline);
}

static int64_t call_send_file(struct scene *scene, int64_t deadline) {
    uint64_t sent = 99;
    int64_t result = minato_socket_send_file(scene->descriptors[0], scene->descriptors[2], 0, 1000, deadline, &sent);
    CHECK_INT(sent, 0);
    return result;
}

static int64_t call_accept(struct scene *scene, int64_t deadline) {
    return minato_socket_accept(scene->descriptors[0], 0, deadline, NULL);
}

static int64_t call_connect(struct scene *scene, int64_t deadline) {
    return minato_socket_connect(scene->descriptors[0], &scene->address, deadline);
}

static int64_t call_finish_connect(struct scene *scene, int64_t deadline) {
    return minato_socket_finish_connect(scene->descriptors[0], deadline);
}

static int64_t call_wait(struct scene *scene, int64_t deadline) {
    return minato_wait(scene->descriptors[0], MINATO_READABLE, deadline);
}

static int64_t call_poll(struct scene *scene, int64_t deadline) {
    minato_poll_entry entry = {scene->descriptors[0], MINATO_READABLE, 99};
    int64_t result = minato_poll(&entry, 1, deadline);
    CHECK_INT(entry.ready, result == -EINTR ? 99 : 0);
    return result;
}

static int64_t call_select(struct scene *scene, int64_t deadline) {
    uint8_t ready = 99;
    minato_select_set set = {&scene->descriptors[0], &ready, 1};
    int64_t result = minato_select(&set, NULL, NULL, deadline);
    CHECK_INT(ready, 0);
    return result;
}

static int64_t call_poller(struct scene *scene, int64_t deadline) {
    minato_event event;
    return minato_poller_wait(scene->poller, &event, 1, deadline);
}

static int64_t call_read_signal(struct scene *scene, int64_t deadline) {
    minato_signal_info info;
    return minato_signal_read(scene->descriptors[0], deadline, &info);
}

static const struct {
    const char *row;
    void (*set_up)(struct scene *scene);
    int64_t (*call)(struct scene *scene, int64_t deadline);
    /// Whether the deadline gives 0 instead of an error.
    bool counts;
} rows[] = {
    {"receive", empty_stream, call_receive, false},
    {"receive_from", empty_datagram, call_receive_from, false},
    {"message_receive", empty_datagram, call_receive_message, false},
    {"receive_batch", empty_datagram, call_receive_batch, false},
    {"send", full_stream, call_send, false},
    {"send to TCP", full_tcp, call_send, false},
    {"send of a datagram", full_datagram, call_send, false},
    {"send_all", full_stream, call_send_all, false},
    {"send_to", full_receiver, call_send_to, false},
    {"message_send", full_stream, call_send_message, false},
    {"message_send to an address", full_receiver, call_send_message_to, false},
    {"send_batch", full_datagram, call_send_batch, false},
    {"send_batch to an address", full_receiver, call_send_batch, false},
    {"send_file", full_stream, call_send_file, false},
    {"send_file to TCP", full_tcp, call_send_file, false},
    {"accept", listener, call_accept, false},
    {"connect to a full TCP backlog", full_tcp_backlog, call_connect, false},
    {"connect to a full Unix backlog", full_unix_backlog, call_connect, false},
    {"finish_connect", started_connect, call_finish_connect, false},
    {"wait", empty_stream, call_wait, false},
    {"poll", empty_stream, call_poll, true},
    {"select", empty_stream, call_select, true},
    {"poller on epoll", epoll_poller, call_poller, true},
    {"poller on poll", poll_poller, call_poller, true},
    {"signal_read", signals, call_read_signal, false},
};

/// Runs a rule on every row, with the descriptor blocking and not.
static void for_each_row(void (*rule)(size_t row, struct scene *scene)) {
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row += 1) {
        for (int nonblocking = 0; nonblocking <= 1; nonblocking += 1) {
            struct scene scene = {0};
            check_row(rows[row].row);
            rows[row].set_up(&scene);
            // A descriptor of signals has no blocking mode, and a connect is started on a non-blocking one.
            bool fixed = rows[row].set_up == signals || rows[row].set_up == started_connect;
            if (!fixed) CHECK_INT(minato_socket_set_blocking(scene.descriptors[0], !nonblocking), 0);
            rule(row, &scene);
            if (!fixed) CHECK_INT(minato_socket_is_blocking(scene.descriptors[0]), !nonblocking);
            tear_down(&scene);
        }
    }
    check_row(NULL);
    static const int32_t numbers[] = {SIGUSR2};
    CHECK_INT(minato_signal_unblock(numbers, 1), 0);
}

static void check_no_wait(size_t row, struct scene *scene) {
    static const int64_t deadlines[] = {MINATO_NO_WAIT, -1, -EINVAL, INT64_MIN};
    for (size_t i = 0; i < 4; i += 1) {
        int64_t before = minato_clock_now();
        CHECK_INT(rows[row].call(scene, deadlines[i]), rows[row].counts ? 0 : -EAGAIN);
        CHECK(minato_clock_now() - before < 5000000000);
    }
}

static void check_past(size_t row, struct scene *scene) {
    static const int64_t deadlines[] = {1, 1000};
    for (size_t i = 0; i < 2; i += 1) {
        CHECK_INT(rows[row].call(scene, deadlines[i]), rows[row].counts ? 0 : -ETIMEDOUT);
    }
}

static void check_never_early(size_t row, struct scene *scene) {
    static const int64_t waits[] = {1, 1500000, 12345678};
    for (size_t i = 0; i < 3; i += 1) {
        int64_t deadline = minato_clock_deadline(waits[i]);
        CHECK_INT(rows[row].call(scene, deadline), rows[row].counts ? 0 : -ETIMEDOUT);
        int64_t now = minato_clock_now();
        CHECK(now >= deadline);
        CHECK(now < deadline + 5000000000);
    }
}

static void check_interrupted(size_t row, struct scene *scene) {
    for (int64_t wait = 30;; wait *= 2) {
        int64_t deadline = fixture_in(wait);
        fixture_start_signals();
        int64_t result = rows[row].call(scene, deadline);
        fixture_stop_signals();
        // On a machine that stood still the deadline may have come before the signal.
        if (result == (rows[row].counts ? 0 : -ETIMEDOUT) && wait < 2000) continue;
        CHECK_INT(result, -EINTR);
        CHECK_INT(rows[row].call(scene, deadline), rows[row].counts ? 0 : -ETIMEDOUT);
        int64_t now = minato_clock_now();
        CHECK(now >= deadline);
        CHECK(now < deadline + 5000000000);
        return;
    }
}

static void no_wait(void) {
    for_each_row(check_no_wait);
}

static void past(void) {
    for_each_row(check_past);
}

static void never_early(void) {
    for_each_row(check_never_early);
}

static void interrupted(void) {
    for_each_row(check_interrupted);
}

const struct check_test deadline_tests[] = {
    {"deadline: no wait", no_wait},
    {"deadline: past", past},
    {"deadline: never early", never_early},
    {"deadline: interrupted, then on time", interrupted},
    {0},
};
