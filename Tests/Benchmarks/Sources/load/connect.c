/// Mode "connect": connect, one echo, close; so many at a time.
#include "blocking.h"
#include "load.h"
#include "pattern.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STALL_MILLISECONDS = 5000, SOURCES = 250 };

struct visit {
    int descriptor;
    bool is_sent;
    size_t received;
    uint64_t begin;
    uint64_t position;
};

static struct visit *visits;
static unsigned int under_way;
static char buffer[MAX_MESSAGE];

/// A source address in turn. A client that closes first keeps its port for a minute, and one address has 28,000 of them.
static void bind_source(int descriptor) {
    static uint32_t turn;
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + turn++ % SOURCES);
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    if (bind(descriptor, (struct sockaddr *)&source, sizeof source) < 0) load_give_up("bind");
}

static void begin(struct load *load, struct visit *visit, uint64_t now) {
    if (!load_grant(load, now)) return;
    visit->begin = now;
    visit->is_sent = false;
    visit->received = 0;
    visit->position += load->bytes;
    visit->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (visit->descriptor < 0) load_give_up("socket");
    bind_source(visit->descriptor);
    setsockopt(visit->descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(visit->descriptor, (struct sockaddr *)&load->server, sizeof load->server) < 0 && errno != EINPROGRESS) {
        load_give_up("connect");
    }
    load_watch(load, visit->descriptor, (uint32_t)(visit - visits));
    under_way += 1;
}

/// `problem` is NULL when all went well.
static void end(struct load *load, struct visit *visit, const char *problem) {
    uint64_t now = load_now();
    close(visit->descriptor);
    visit->descriptor = -1;
    under_way -= 1;
    if (problem != NULL) {
        load_error(load, problem);
    } else {
        load_done(load, visit->begin, now);
    }
    begin(load, visit, now);
}

static void serve(struct load *load, struct visit *visit, uint32_t events) {
    if (visit->descriptor < 0) return;
    const char *message = pattern_at(visit->position);
    if (!visit->is_sent) {
        if (!(events & EPOLLOUT)) return;
        if (send(visit->descriptor, message, load->bytes, MSG_NOSIGNAL) != (ssize_t)load->bytes) {
            end(load, visit, "connect or send failed");
            return;
        }
        visit->is_sent = true;
    }
    while (visit->received < load->bytes) {
        ssize_t count = recv(visit->descriptor, buffer, sizeof buffer, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return;
        if (count <= 0) {
            end(load, visit, count == 0 ? "the server closed a connection" : "recv failed");
            return;
        }
        bool fits = (size_t)count <= load->bytes - visit->received;
        if (!fits || memcmp(buffer, message + visit->received, (size_t)count) != 0) {
            end(load, visit, "a reply is not what was sent");
            return;
        }
        visit->received += (size_t)count;
    }
    end(load, visit, NULL);
}

static void open_visits(struct load *load) {
    visits = calloc((size_t)load->connections, sizeof *visits);
    if (visits == NULL) load_give_up("calloc");
    for (int i = 0; i < load->connections; i++) {
        visits[i].position = (uint64_t)i * 7919;
        int descriptor = blocking_connect(load);
        blocking_echo(descriptor, pattern_at(visits[i].position), load->bytes);
        close(descriptor);
    }
}

static void run_visits(struct load *load) {
    uint64_t now = load_now();
    for (int i = 0; i < load->connections; i++) {
        visits[i].descriptor = -1;
        begin(load, &visits[i], now);
    }
    while (under_way > 0) {
        struct epoll_event events[EVENT_COUNT];
        int count = epoll_wait(load->poller, events, EVENT_COUNT, STALL_MILLISECONDS);
        if (count < 0 && errno != EINTR) load_give_up("epoll_wait");
        if (count == 0) {
            load_error(load, "the server does not answer any more");
            return;
        }
        for (int i = 0; i < count; i++) serve(load, &visits[events[i].data.u32], events[i].events);
    }
}

const struct mode connect_mode = {"connect", open_visits, run_visits};
