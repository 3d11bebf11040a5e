/// Mode "stream": each connection lives as long as the run, and has so many messages in flight.
#include "blocking.h"
#include "load.h"
#include "pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STALL_MILLISECONDS = 5000 };

struct stream {
    int descriptor;
    /// Where in the pattern the next byte to be sent and to be received stands.
    uint64_t sent;
    uint64_t received;
    /// Bytes that were granted and not sent yet; bytes of the first outstanding message that have come.
    size_t unsent;
    size_t partial;
    /// When each outstanding message was granted: a ring.
    uint64_t times[MAX_IN_FLIGHT];
    unsigned int first;
    unsigned int outstanding;
};

static struct stream *streams;
static uint64_t outstanding;
static char buffer[MAX_MESSAGE];

static void drop(struct load *load, struct stream *stream, const char *why) {
    load_error(load, why);
    close(stream->descriptor);
    stream->descriptor = -1;
    outstanding -= stream->outstanding;
}

/// Messages that are granted together leave in one call, as those of a client that pipelines do.
static void send_more(struct load *load, struct stream *stream, uint64_t now) {
    while (stream->outstanding < (unsigned int)load->in_flight && load_grant(load, now)) {
        stream->times[(stream->first + stream->outstanding) % MAX_IN_FLIGHT] = now;
        stream->outstanding += 1;
        outstanding += 1;
        stream->unsent += load->bytes;
    }
    while (stream->unsent > 0) {
        size_t count = stream->unsent < MAX_MESSAGE ? stream->unsent : MAX_MESSAGE;
        ssize_t sent = send(stream->descriptor, pattern_at(stream->sent), count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) return;
        if (sent < 0) {
            drop(load, stream, "send failed");
            return;
        }
        stream->sent += (uint64_t)sent;
        stream->unsent -= (size_t)sent;
    }
}

/// False when the connection was dropped.
static bool take(struct load *load, struct stream *stream, size_t count, uint64_t now) {
    size_t expected = stream->outstanding * load->bytes - stream->unsent - stream->partial;
    if (count > expected || memcmp(buffer, pattern_at(stream->received), count) != 0) {
        drop(load, stream, "a reply is not what was sent");
        return false;
    }
    stream->received += count;
    stream->partial += count;
    while (stream->partial >= load->bytes) {
        stream->partial -= load->bytes;
        load_done(load, stream->times[stream->first], now);
        stream->first = (stream->first + 1) % MAX_IN_FLIGHT;
        stream->outstanding -= 1;
        outstanding -= 1;
    }
    return true;
}

static void serve(struct load *load, struct stream *stream, uint32_t events) {
    // The events of a descriptor that was closed before in the same batch.
    if (stream->descriptor < 0) return;
    uint64_t now = load_now();
    while (true) {
        ssize_t count = recv(stream->descriptor, buffer, sizeof buffer, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count <= 0) {
            drop(load, stream, count == 0 ? "the server closed a connection" : "recv failed");
            return;
        }
        now = load_now();
        if (!take(load, stream, (size_t)count, now)) return;
        if ((size_t)count < sizeof buffer && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) break;
    }
    send_more(load, stream, now);
}

static void open_streams(struct load *load) {
    streams = calloc((size_t)load->connections, sizeof *streams);
    if (streams == NULL) load_give_up("calloc");
    for (int i = 0; i < load->connections; i++) {
        struct stream *stream = &streams[i];
        stream->sent = stream->received = (uint64_t)i * 7919;
        stream->descriptor = blocking_connect(load);
        blocking_echo(stream->descriptor, pattern_at(stream->sent), load->bytes);
        blocking_end(stream->descriptor);
        stream->sent = stream->received += load->bytes;
    }
}

static void run_streams(struct load *load) {
    uint64_t now = load_now();
    for (int i = 0; i < load->connections; i++) load_watch(load, streams[i].descriptor, (uint32_t)i);
    for (int i = 0; i < load->connections; i++) send_more(load, &streams[i], now);
    while (outstanding > 0) {
        struct epoll_event events[EVENT_COUNT];
        int count = epoll_wait(load->poller, events, EVENT_COUNT, STALL_MILLISECONDS);
        if (count < 0 && errno != EINTR) load_give_up("epoll_wait");
        if (count == 0) {
            load_error(load, "the server does not answer any more");
            return;
        }
        for (int i = 0; i < count; i++) serve(load, &streams[events[i].data.u32], events[i].events);
    }
}

const struct mode stream_mode = {"stream", open_streams, run_streams};
