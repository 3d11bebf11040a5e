/// Mode "udp": each socket has so many datagrams in flight, which carry a number: a datagram may be lost.
#define _GNU_SOURCE
#include "blocking.h"
#include "load.h"
#include "pattern.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { STALL_MILLISECONDS = 5000, SWEEP_MILLISECONDS = 100, LOST_MILLISECONDS = 500 };
enum { MILLISECOND = 1000000 };

struct slot {
    uint64_t sequence;
    uint64_t time;
    bool is_busy;
};

/// A connected socket. Sequence N is in slot N % in_flight, which answers whether a reply belongs to something in flight.
struct peer {
    int descriptor;
    uint64_t next;
    struct slot slots[MAX_IN_FLIGHT];
};

static struct peer *peers;
static uint64_t outstanding;
static char buffers[MAX_IN_FLIGHT][2048];

static const char *content(const struct peer *peer, uint64_t sequence) {
    return pattern_at((uint64_t)(peer - peers) * 7919 + sequence * 31);
}

static void send_batch(struct load *load, struct peer *peer, struct mmsghdr *headers, unsigned int count) {
    for (unsigned int sent = 0; sent < count;) {
        int result = sendmmsg(peer->descriptor, headers + sent, count - sent, MSG_NOSIGNAL);
        if (result > 0) {
            sent += (unsigned int)result;
        } else if (errno == EAGAIN) {
            struct pollfd space = {.fd = peer->descriptor, .events = POLLOUT};
            poll(&space, 1, STALL_MILLISECONDS);
        } else if (errno != EINTR) {
            // Counted here, and again as lost when its time has come.
            load_error(load, "a datagram cannot be sent");
            sent += 1;
        }
    }
}

static void send_more(struct load *load, struct peer *peer, uint64_t now) {
    struct mmsghdr headers[MAX_IN_FLIGHT];
    struct iovec vectors[MAX_IN_FLIGHT][2];
    unsigned int count = 0;
    for (int i = 0; i < load->in_flight; i++) {
        struct slot *slot = &peer->slots[peer->next % (uint64_t)load->in_flight];
        if (slot->is_busy || !load_grant(load, now)) break;
        *slot = (struct slot){.sequence = peer->next, .time = now, .is_busy = true};
        vectors[count][0] = (struct iovec){.iov_base = &slot->sequence, .iov_len = sizeof slot->sequence};
        vectors[count][1] = (struct iovec){
            .iov_base = (char *)content(peer, slot->sequence), .iov_len = load->bytes - sizeof slot->sequence};
        headers[count].msg_hdr = (struct msghdr){.msg_iov = vectors[count], .msg_iovlen = 2};
        peer->next += 1;
        outstanding += 1;
        count += 1;
    }
    if (count > 0) send_batch(load, peer, headers, count);
}

static void take(struct load *load, struct peer *peer, const char *datagram, size_t count, uint64_t now) {
    uint64_t sequence;
    memcpy(&sequence, datagram, sizeof sequence);
    struct slot *slot = &peer->slots[sequence % (uint64_t)load->in_flight];
    bool is_whole = count == load->bytes && sequence < peer->next;
    if (!is_whole || memcmp(datagram + sizeof sequence, content(peer, sequence), count - sizeof sequence) != 0) {
        load_error(load, "a reply is not what was sent");
    } else if (slot->is_busy && slot->sequence == sequence) {
        slot->is_busy = false;
        outstanding -= 1;
        load_done(load, slot->time, now);
    } else if (load->lost == 0) {
        load_error(load, "a reply came twice");
    }
}

static void serve(struct load *load, struct peer *peer) {
    struct mmsghdr headers[MAX_IN_FLIGHT];
    struct iovec vectors[MAX_IN_FLIGHT];
    for (int i = 0; i < load->in_flight; i++) {
        vectors[i] = (struct iovec){.iov_base = buffers[i], .iov_len = sizeof buffers[i]};
        headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    while (true) {
        int count = recvmmsg(peer->descriptor, headers, (unsigned int)load->in_flight, 0, NULL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno != EAGAIN) load_error(load, "recvmmsg failed");
        if (count < 0) return;
        uint64_t now = load_now();
        for (int i = 0; i < count; i++) take(load, peer, buffers[i], headers[i].msg_len, now);
        send_more(load, peer, now);
        if (count < load->in_flight) return;
    }
}

/// Gives up what was sent too long ago, and sends something else in its place.
static void sweep(struct load *load, uint64_t now) {
    for (int i = 0; i < load->connections; i++) {
        for (int j = 0; j < load->in_flight; j++) {
            struct slot *slot = &peers[i].slots[j];
            if (!slot->is_busy || now - slot->time < (uint64_t)LOST_MILLISECONDS * MILLISECOND) continue;
            slot->is_busy = false;
            outstanding -= 1;
            load->lost += 1;
        }
        send_more(load, &peers[i], now);
    }
}

static void open_peers(struct load *load) {
    peers = calloc((size_t)load->connections, sizeof *peers);
    if (peers == NULL) load_give_up("calloc");
    struct timeval limit = {.tv_sec = 10};
    for (int i = 0; i < load->connections; i++) {
        int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (descriptor < 0) load_give_up("socket");
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (connect(descriptor, (struct sockaddr *)&load->server, sizeof load->server) < 0) load_give_up("connect");
        blocking_echo(descriptor, pattern_at((uint64_t)i), load->bytes);
        blocking_end(descriptor);
        peers[i].descriptor = descriptor;
    }
}

static void run_peers(struct load *load) {
    uint64_t now = load_now(), swept = now, answered = now, done = 0;
    for (int i = 0; i < load->connections; i++) load_watch(load, peers[i].descriptor, (uint32_t)i);
    for (int i = 0; i < load->connections; i++) send_more(load, &peers[i], now);
    while (outstanding > 0) {
        struct epoll_event events[EVENT_COUNT];
        int count = epoll_wait(load->poller, events, EVENT_COUNT, SWEEP_MILLISECONDS);
        if (count < 0 && errno != EINTR) load_give_up("epoll_wait");
        for (int i = 0; i < count; i++) serve(load, &peers[events[i].data.u32]);

        now = load_now();
        if (load->done > done) answered = now;
        done = load->done;
        if (now - answered > (uint64_t)STALL_MILLISECONDS * MILLISECOND) {
            load_error(load, "the server does not answer any more");
            return;
        }
        if (now - swept > (uint64_t)SWEEP_MILLISECONDS * MILLISECOND) {
            swept = now;
            sweep(load, now);
        }
    }
}

const struct mode udp_mode = {"udp", open_peers, run_peers};
