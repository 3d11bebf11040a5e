/// udp-echo --one | --batch: what UDP servers are measured by. It sends each datagram back, one by one with recvfrom and
/// sendto, or in batches with recvmmsg and sendmmsg; both wait in epoll when the socket is empty.
///
/// It prints "port N" and serves until SIGTERM, whose default action ends it.
///
/// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { DATAGRAM_SIZE = 65536, BATCH_SIZE = 64 };

/// A cache line apart from a power of two: else they would all fight for the same few lines of the cache.
static char buffers[BATCH_SIZE][DATAGRAM_SIZE + 64];
static struct sockaddr_in clients[BATCH_SIZE];
static struct iovec vectors[BATCH_SIZE];
static struct mmsghdr headers[BATCH_SIZE];

_Noreturn static void give_up(const char *operation) {
    perror(operation);
    exit(EXIT_FAILURE);
}

static int bind_and_announce(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) give_up("socket");
    if (bind(descriptor, (struct sockaddr *)&address, size) < 0) give_up("bind");
    if (getsockname(descriptor, (struct sockaddr *)&address, &size) < 0) give_up("getsockname");
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return descriptor;
}

/// True when a failed send is to be tried again, after waiting for space. A client that is gone is none of our business.
static bool wait_to_send(int descriptor) {
    if (errno != EAGAIN) return errno == EINTR;
    struct pollfd space = {.fd = descriptor, .events = POLLOUT};
    poll(&space, 1, -1);
    return true;
}

static void echo_one_by_one(int descriptor) {
    while (true) {
        socklen_t size = sizeof clients[0];
        ssize_t count = recvfrom(descriptor, buffers[0], DATAGRAM_SIZE, 0, (struct sockaddr *)&clients[0], &size);
        if (count < 0) {
            if (errno == EAGAIN) return;
            continue;
        }
        while (sendto(descriptor, buffers[0], (size_t)count, 0, (struct sockaddr *)&clients[0], size) < 0) {
            if (!wait_to_send(descriptor)) break;
        }
    }
}

static void send_batch(int descriptor, int count) {
    for (int i = 0; i < count; i++) vectors[i].iov_len = headers[i].msg_len;
    for (int sent = 0; sent < count;) {
        int result = sendmmsg(descriptor, headers + sent, (unsigned int)(count - sent), 0);
        if (result > 0) {
            sent += result;
        } else if (!wait_to_send(descriptor)) {
            sent += 1;
        }
    }
    for (int i = 0; i < count; i++) vectors[i].iov_len = DATAGRAM_SIZE;
}

static void echo_batches(int descriptor) {
    while (true) {
        for (int i = 0; i < BATCH_SIZE; i++) headers[i].msg_hdr.msg_namelen = sizeof clients[i];
        int count = recvmmsg(descriptor, headers, BATCH_SIZE, 0, NULL);
        if (count < 0) {
            if (errno == EAGAIN) return;
            continue;
        }
        send_batch(descriptor, count);
        // A batch that is not full has emptied the socket.
        if (count < BATCH_SIZE) return;
    }
}

int main(int argument_count, char **arguments) {
    void (*echo)(int) = NULL;
    if (argument_count == 2 && strcmp(arguments[1], "--one") == 0) echo = echo_one_by_one;
    if (argument_count == 2 && strcmp(arguments[1], "--batch") == 0) echo = echo_batches;
    if (echo == NULL) {
        fprintf(stderr, "usage: udp-echo --one | --batch\n");
        return 64;
    }
    for (int i = 0; i < BATCH_SIZE; i++) {
        vectors[i] = (struct iovec){.iov_base = buffers[i], .iov_len = DATAGRAM_SIZE};
        headers[i].msg_hdr = (struct msghdr){.msg_name = &clients[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
    }

    int descriptor = bind_and_announce();
    int poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    if (poller < 0) give_up("epoll_create1");
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) < 0) give_up("epoll_ctl");
    while (true) {
        if (epoll_wait(poller, &event, 1, -1) > 0) echo(descriptor);
    }
}
