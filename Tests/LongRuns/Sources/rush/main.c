// rush PORT RATE: clients who connect to a server of this machine, so many a second, send a byte, and wait for it to come back.
//
// Prints `ready`, and answers each line of the standard input, with which it ends, with what there was so far: how many clients
// there were (`begun`), and how many the kernel `connected`; how many were `answered`; how many were `refused`, or connected
// and `cut` before their answer; how many got something `wrong`, or nothing for five seconds (`late`); and `now`, in nanoseconds.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 512, EVENTS = 256, SOURCES = 250 };
static const int64_t SECOND = 1000000000, PATIENCE = 5 * SECOND;
static const uint64_t INPUT = CLIENTS;

struct client {
    int descriptor;
    int is_connected;
    int64_t begin;
};

static struct client clients[CLIENTS];
static int idle[CLIENTS], idle_count;
static int poller;
static struct sockaddr_in server = {.sin_family = AF_INET};
static long begun, connected, answered, refused, cut, wrong, late;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

static void end(struct client *client, long *count) {
    close(client->descriptor);
    client->descriptor = -1;
    idle[idle_count++] = (int)(client - clients);
    *count += 1;
}

static void begin(void) {
    struct client *client = &clients[idle[--idle_count]];
    client->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->descriptor < 0) give_up("socket");
    // A source address in turn, and never the server's. A client that closes first keeps its port for a minute, and one address
    // has 28,000 of them; and where nobody listens, a client whose port is the server's connects to itself.
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(begun % SOURCES));
    setsockopt(client->descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    setsockopt(client->descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (bind(client->descriptor, (struct sockaddr *)&source, sizeof source) < 0) give_up("bind");
    client->begin = now();
    client->is_connected = 0;
    begun++;
    if (connect(client->descriptor, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) {
        if (errno != ECONNREFUSED) give_up("connect");
        return end(client, &refused);
    }
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u64 = (uint64_t)(client - clients)};
    epoll_ctl(poller, EPOLL_CTL_ADD, client->descriptor, &event);
}

static int is_gone(int error) {
    return error == ECONNRESET || error == EPIPE;
}

static void go_on(struct client *client) {
    if (client->descriptor < 0) return;
    if (!client->is_connected) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(client->descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error == ECONNREFUSED) return end(client, &refused);
        if (error && !is_gone(error)) return end(client, &wrong);
        connected++;
        client->is_connected = 1;
        if (error || (send(client->descriptor, "x", 1, MSG_NOSIGNAL) != 1 && is_gone(errno))) return end(client, &cut);
    }
    char bytes[2];
    const ssize_t size = recv(client->descriptor, bytes, sizeof bytes, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size == 0 || (size < 0 && is_gone(errno))) return end(client, &cut);
    end(client, size == 1 && bytes[0] == 'x' ? &answered : &wrong);
}

static void give_up_late(void) {
    static int64_t next;
    if (now() < next) return;
    next = now() + SECOND / 10;
    for (int place = 0; place < CLIENTS; place++) {
        if (clients[place].descriptor >= 0 && now() - clients[place].begin > PATIENCE) end(&clients[place], &late);
    }
}

static void answer(void) {
    char line[256];
    if (read(STDIN_FILENO, line, sizeof line) <= 0) exit(0);
    printf(
        "begun=%ld connected=%ld answered=%ld refused=%ld cut=%ld wrong=%ld late=%ld now=%lld\n", begun, connected,
        answered, refused, cut, wrong, late, (long long)now());
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 3) return 64;
    server.sin_port = htons((uint16_t)atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int64_t step = SECOND / atoi(argv[2]);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) give_up("epoll_create1");
    struct epoll_event input = {.events = EPOLLIN, .data.u64 = INPUT};
    epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &input);
    for (int place = 0; place < CLIENTS; place++) {
        clients[place].descriptor = -1;
        idle[idle_count++] = place;
    }
    puts("ready");
    fflush(stdout);
    for (int64_t next = now();;) {
        // What could not begin in time is not made up for.
        if (now() - next > SECOND / 10) next = now();
        for (; next <= now() && idle_count > 0; next += step) begin();
        const int64_t wait = idle_count > 0 && next > now() ? next - now() : 0;
        const struct timespec limit = {.tv_nsec = idle_count > 0 ? wait : SECOND / 100};
        struct epoll_event events[EVENTS];
        const int count = epoll_pwait2(poller, events, EVENTS, &limit, NULL);
        for (int place = 0; place < count; place++) {
            if (events[place].data.u64 == INPUT)
                answer();
            else
                go_on(&clients[events[place].data.u64]);
        }
        give_up_late();
    }
}
