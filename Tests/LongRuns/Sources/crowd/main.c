// crowd PORT IDLE SLOW DEAF LENGTH RATE SECONDS LIMIT: those who crowd a server of lines, and some beside them who talk to it.
//
// IDLE connections send a line, take its answer, and stay. SLOW ones send three bytes without an end of line, a quarter of
// LIMIT milliseconds apart, and nothing more. DEAF ones send 256 KiB in lines of LENGTH bytes and read nothing. When all of them
// are there, 50 talkers send RATE lines of 32 bytes a second in turn for so many SECONDS, which begin half a second later.
//
// Prints one line of `NAME=NUMBER`: how many lines were `sent` and `answered`, how many of the idle were `served`, how many of
// the slow and deaf were `evicted` by the server within LIMIT and three seconds after what they sent last, how many `early`,
// and the latencies in microseconds: `p50`, `p99`, `max`.
#include "crowd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TALKERS = 50, LINE = 32, DEAF_BYTES = 256 * 1024 };

static struct client *clients;
static int count, poller, deaf_line;
static int64_t *latencies;
static long sent, answered, served, evicted, early, gone_at_begin;
static int64_t limit;

static void end(struct client *client) {
    if (client->descriptor < 0) return;
    if (client->kind == SLOW || client->kind == DEAF) {
        // The limit may begin with what was sent first, if that was never taken up, or last.
        const int64_t end = now();
        if (end < client->begun + limit) {
            early++;
        } else if (end <= client->last_sent + limit + 3 * SECOND) {
            evicted++;
        }
    }
    close(client->descriptor);
    client->descriptor = -1;
}

static void receive(struct client *client) {
    char bytes[4096];
    // Deaf ones only look whether they are still wanted.
    const ssize_t size = client->kind == DEAF ? recv(client->descriptor, bytes, 1, MSG_PEEK | MSG_DONTWAIT)
                                              : recv(client->descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return end(client);
    if (client->kind == IDLE) served++;
    if (client->kind != TALKER) return;
    client->received += (int)size;
    if (client->received < LINE) return;
    client->received -= LINE;
    latencies[answered++] = now() - client->sent_at;
    client->sent_at = 0;
}

static void send_some(struct client *client) {
    static char line[LINE], lines[DEAF_BYTES];
    if (!line[0]) {
        memset(line, 'x', sizeof line);
        line[LINE - 1] = '\n';
        memset(lines, 'x', sizeof lines);
        for (int place = deaf_line - 1; place < DEAF_BYTES; place += deaf_line) lines[place] = '\n';
    }
    const int left = client->kind == DEAF ? DEAF_BYTES - client->progress : client->kind == SLOW ? 1 : LINE;
    if (left == 0) return;
    const char *from = client->kind == DEAF ? lines + client->progress : line;
    const ssize_t size = send(client->descriptor, from, (size_t)left, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && errno != EAGAIN) return end(client);
    if (size > 0) client->last_sent = now();
    if (size > 0) client->progress += client->kind == SLOW ? 1 : (int)size;
}

static void take_events(int64_t until) {
    struct epoll_event events[256];
    int64_t left = until - now();
    if (left < 0) left = 0;
    const struct timespec wait = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND};
    const int ready = epoll_pwait2(poller, events, 256, &wait, NULL);
    for (int place = 0; place < ready; place++) {
        struct client *client = &clients[events[place].data.u32];
        if (client->descriptor < 0) continue;
        if (client->kind == DEAF) {
            // What has come stays there; an error or the end is told by the state.
            if (events[place].events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
                end(client);
            else
                send_some(client);
        } else {
            receive(client);
        }
    }
}

static void add(enum kind kind, int port) {
    struct client *client = &clients[count];
    // Before the server can know of it.
    *client = (struct client){.kind = kind, .begun = now()};
    client->descriptor = connected(port, kind == DEAF);
    if (client->descriptor < 0) {
        gone_at_begin++;
        return;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.u32 = (uint32_t)count};
    if (kind == DEAF) event.events = EPOLLOUT | EPOLLRDHUP | EPOLLET;
    epoll_ctl(poller, EPOLL_CTL_ADD, client->descriptor, &event);
    count++;
    if (kind != TALKER) send_some(client);
    // The server shall not be overrun already by the connecting.
    if (count % 64 == 0) take_events(now() + SECOND / 1000);
}

static void push_slow(void) {
    for (int place = 0; place < count; place++) {
        struct client *client = &clients[place];
        if (client->kind != SLOW || client->descriptor < 0 || client->progress >= 3) continue;
        if (now() >= client->begun + client->progress * limit / 4) send_some(client);
    }
}

static void talk(double seconds, int rate, int first) {
    const int64_t begin = now() + SECOND / 2, end = begin + (int64_t)(seconds * SECOND), step = SECOND / rate;
    int64_t next = begin, slow = 0;
    int turn = 0;
    while (now() < end) {
        if (now() >= slow) {
            push_slow();
            slow = now() + SECOND / 10;
        }
        while (next <= now() && next < end) {
            struct client *client = &clients[first + turn++ % TALKERS];
            next += step;
            // One that has not been answered yet sends nothing: it counts as late by its next one's time.
            if (client->descriptor < 0 || client->sent_at) continue;
            client->sent_at = now();
            sent++;
            send_some(client);
        }
        take_events(next < slow ? next : slow);
    }
    for (const int64_t patience = now() + 5 * SECOND; answered < sent && now() < patience;)
        take_events(now() + SECOND / 100);
}

static int compare(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

static double microseconds(double share) {
    return answered ? (double)latencies[(long)(share * (double)(answered - 1))] / 1000 : 0;
}

int main(int argc, char **argv) {
    if (argc != 9) return 64;
    const int port = atoi(argv[1]), idle = atoi(argv[2]), slow = atoi(argv[3]), deaf = atoi(argv[4]),
              rate = atoi(argv[6]);
    const double seconds = atof(argv[7]);
    deaf_line = atoi(argv[5]);
    limit = (int64_t)atoi(argv[8]) * (SECOND / 1000);
    if (deaf_line < 1) return 64;
    clients = calloc((size_t)(idle + slow + deaf + TALKERS), sizeof *clients);
    latencies = calloc((size_t)(rate * (seconds + 1)), sizeof *latencies);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (!clients || !latencies || poller < 0) return 1;
    for (int number = 0; number < idle; number++) add(IDLE, port);
    for (int number = 0; number < slow; number++) add(SLOW, port);
    for (int number = 0; number < deaf; number++) add(DEAF, port);
    const int first = count;
    for (int number = 0; number < TALKERS; number++) add(TALKER, port);
    for (const int64_t patience = now() + 10 * SECOND; served < idle && now() < patience;)
        take_events(now() + SECOND / 100);
    talk(seconds, rate, first);
    if (slow + deaf > 0) {
        for (const int64_t patience = now() + limit + 5 * SECOND; evicted + early < slow + deaf && now() < patience;)
            take_events(now() + SECOND / 10);
    }
    qsort(latencies, (size_t)answered, sizeof *latencies, compare);
    printf(
        "sent=%ld answered=%ld served=%ld evicted=%ld early=%ld refused=%ld p50=%.1f p99=%.1f max=%.1f\n", sent,
        answered, served, evicted, early, gone_at_begin, microseconds(0.5), microseconds(0.99), microseconds(1));
    return 0;
}
