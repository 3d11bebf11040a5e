#include "blocking.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

int blocking_connect(const struct load *load) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) load_give_up("socket");
    struct timeval limit = {.tv_sec = 10};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(descriptor, (const struct sockaddr *)&load->server, sizeof load->server) < 0) load_give_up("connect");
    return descriptor;
}

void blocking_echo(int descriptor, const char *bytes, size_t count) {
    char reply[MAX_MESSAGE];
    if (send(descriptor, bytes, count, MSG_NOSIGNAL) != (ssize_t)count) load_give_up("send");
    ssize_t received = recv(descriptor, reply, count, MSG_WAITALL);
    if (received < 0) load_give_up("recv");
    if ((size_t)received != count || memcmp(reply, bytes, count) != 0) {
        fprintf(stderr, "load: the first reply is not what was sent\n");
        exit(EXIT_FAILURE);
    }
}

void blocking_end(int descriptor) {
    if (fcntl(descriptor, F_SETFL, O_NONBLOCK) < 0) load_give_up("fcntl");
}
