/// epoll-echo: the server that all others are measured by. One thread, one edge-triggered epoll, and for each echo one
/// recv and one send.
///
/// It prints "port N" and serves until SIGTERM, whose default action ends it. Nothing is left out to be quick: a reply
/// that the kernel takes only in part is kept and finished later, and nothing more is read meanwhile.
///
/// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "unsent.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 65536, EVENT_COUNT = 256, MAX_DESCRIPTORS = 1 << 20 };

/// What is seldom called stays out of the way of what is always called, and leaves it the registers.
#define SELDOM __attribute__((noinline, cold))

static char buffer[BUFFER_SIZE];
static struct unsent **unsent;
static int poller;
static int listener;

_Noreturn static void give_up(const char *operation) {
    perror(operation);
    exit(EXIT_FAILURE);
}

/// Closing takes the descriptor out of the epoll: nobody else has a copy.
SELDOM static void end(int descriptor) {
    unsent_free(unsent[descriptor]);
    unsent[descriptor] = NULL;
    close(descriptor);
}

/// Sends what is left of an earlier reply. False when the connection must wait, or has ended.
SELDOM static bool finish(int descriptor) {
    int result = unsent_send(unsent[descriptor], descriptor);
    if (result == -EAGAIN) return false;
    if (result < 0) {
        end(descriptor);
        return false;
    }
    unsent_free(unsent[descriptor]);
    unsent[descriptor] = NULL;
    return true;
}

/// Keeps what the kernel did not take, and tries again: only after EAGAIN does an edge follow.
SELDOM static bool postpone(int descriptor, const char *bytes, size_t count) {
    unsent[descriptor] = unsent_make(bytes, count);
    if (unsent[descriptor] == NULL) {
        end(descriptor);
        return false;
    }
    return finish(descriptor);
}

static void echo(int descriptor, uint32_t events) {
    if (__builtin_expect(unsent[descriptor] != NULL, false) && !finish(descriptor)) return;
    while (true) {
        ssize_t count = recv(descriptor, buffer, sizeof buffer, 0);
        if (__builtin_expect(count <= 0, false)) {
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) return;
            end(descriptor);
            return;
        }
        ssize_t sent = send(descriptor, buffer, (size_t)count, MSG_NOSIGNAL);
        if (__builtin_expect(sent < count, false)) {
            size_t done = sent < 0 ? 0 : (size_t)sent;
            if (!postpone(descriptor, buffer + done, (size_t)count - done)) return;
        }
        // A short read has emptied the socket, unless the end of the stream stands behind it: no edge would tell of that.
        if (count < BUFFER_SIZE && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
    }
}

SELDOM static void accept_all(void) {
    while (true) {
        int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            return;
        }
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = descriptor};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) < 0) close(descriptor);
    }
}

static void listen_and_announce(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) give_up("socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listener, (struct sockaddr *)&address, size) < 0) give_up("bind");
    if (listen(listener, 4096) < 0) give_up("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &size) < 0) give_up("getsockname");

    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = listener};
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) give_up("epoll_create1");
    if (epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) < 0) give_up("epoll_ctl");
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
}

/// Makes the table as long as descriptors can be. Pages of it that nobody uses take no memory.
static void make_table(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) give_up("getrlimit");
    if (limit.rlim_cur > MAX_DESCRIPTORS) limit.rlim_cur = MAX_DESCRIPTORS;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) give_up("setrlimit");
    unsent = calloc(limit.rlim_cur, sizeof *unsent);
    if (unsent == NULL) give_up("calloc");
}

int main(void) {
    make_table();

    listen_and_announce();
    struct epoll_event events[EVENT_COUNT];
    while (true) {
        int count = epoll_wait(poller, events, EVENT_COUNT, -1);
        if (count < 0 && errno != EINTR) give_up("epoll_wait");
        for (const struct epoll_event *event = events; event < events + count; event++) {
            if (event->data.fd == listener) {
                accept_all();
            } else {
                echo(event->data.fd, event->events);
            }
        }
    }
}
