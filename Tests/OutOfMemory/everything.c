/// Calls everything of the C library that takes memory, and gives all of it back: each call either does what it is for, or
/// says -ENOMEM. Exit status 0 when that holds. With an argument, so many times.
#define _GNU_SOURCE
#include <minato/minato.h>

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MANY = 200 };

static int32_t first[MANY], second[MANY];

/// Whether a call succeeded; ends the program when it failed for another reason than memory.
static bool holds(int64_t result, const char *call) {
    if (result >= 0) return true;
    if (result == -ENOMEM) return false;
    dprintf(STDERR_FILENO, "%s: %s\n", call, minato_error_name((int32_t)result));
    exit(1);
}

static void check(bool condition, const char *what) {
    if (condition) return;
    dprintf(STDERR_FILENO, "wrong: %s\n", what);
    exit(1);
}

static void with_poller(int32_t backend) {
    minato_poller *poller;
    uint64_t registrations[MANY] = {0};
    if (!holds(minato_poller_open(backend, &poller), "open")) return check(poller == NULL, "a poller in spite of all");
    size_t added = 0;
    for (size_t i = 0; i < MANY; i++) {
        if (holds(minato_poller_add(poller, first[i], MINATO_READABLE, i, &registrations[i]), "add")) {
            added++;
        } else {
            check(registrations[i] == 0, "registered in spite of all");
        }
    }
    check(minato_poller_count(poller) == added, "the count of a poller");
    check(minato_socket_send(second[MANY - 1], "x", 1, 0, MINATO_NO_WAIT) == 1, "send");
    // It goes on with those that it has.
    minato_event events[4];
    int32_t count = minato_poller_wait(poller, events, 4, MINATO_NO_WAIT);
    bool is_registered = registrations[MANY - 1] != 0;
    check(count == (is_registered ? 1 : 0), "wait");
    char byte;
    check(minato_socket_receive(first[MANY - 1], &byte, 1, 0, MINATO_NO_WAIT) == 1, "receive");
    for (size_t i = 0; i < MANY; i += 2) {
        int32_t result = minato_poller_remove(poller, registrations[i]);
        check(result == (registrations[i] == 0 ? -ENOENT : 0), "remove");
    }
    minato_poller_close(poller);
}

static void with_poll_and_select(void) {
    minato_poll_entry entries[MANY];
    for (size_t i = 0; i < MANY; i++)
        entries[i] = (minato_poll_entry){.descriptor = second[i], .interest = MINATO_WRITABLE};
    if (holds(minato_poll(entries, MANY, MINATO_NO_WAIT), "poll")) check(entries[0].ready == MINATO_WRITABLE, "poll");
    uint8_t ready[MANY] = {0};
    minato_select_set writable = {.descriptors = second, .ready = ready, .count = MANY};
    if (holds(minato_select(NULL, &writable, NULL, MINATO_NO_WAIT), "select")) check(ready[MANY - 1] == 1, "select");
    // A hang-up alone is nothing exceptional: the sets are made that pselect(2) takes.
    int32_t unconnected = minato_socket_open(AF_INET, SOCK_STREAM, 0);
    check(unconnected >= 0, "socket");
    minato_select_set exceptional = {.descriptors = &unconnected, .ready = ready, .count = 1};
    if (holds(minato_select(NULL, NULL, &exceptional, MINATO_NO_WAIT), "select")) check(ready[0] == 0, "select");
    minato_socket_close(unconnected);
}

static void with_names(const char *host, int32_t flags) {
    minato_resolution *answer;
    int32_t code;
    int32_t result = minato_resolve(host, strlen(host), "80", 2, AF_UNSPEC, SOCK_STREAM, 0, flags, &answer, &code);
    if (result < 0) {
        // getaddrinfo(3) has a code of its own for it, EAI_MEMORY.
        check(result == -ENOMEM || code != 0, "an error of the resolver without its code");
        check(answer == NULL, "an answer in spite of all");
        return;
    }
    minato_address address;
    check(minato_resolution_count(answer) > 0, "an answer without addresses");
    check(minato_resolution_get(answer, 0, &address, NULL, NULL, NULL) >= 0, "the first address");
    minato_resolution_free(answer);
}

int main(int count, char **arguments) {
    for (size_t i = 0; i < MANY; i++) {
        int pair[2];
        check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0, "a pair of sockets");
        first[i] = pair[0];
        second[i] = pair[1];
    }
    for (int times = count > 1 ? atoi(arguments[1]) : 1; times > 0; times--) {
        with_poller(MINATO_POLLER_EPOLL);
        with_poller(MINATO_POLLER_POLL);
        with_poll_and_select();
        with_names("127.0.0.1", AI_NUMERICHOST);
        with_names("::1", AI_NUMERICHOST);
    }
    for (size_t i = 0; i < MANY; i++) {
        minato_socket_close(first[i]);
        minato_socket_close(second[i]);
    }
    return 0;
}
