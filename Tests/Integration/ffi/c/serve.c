#include "echo.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/// How many connections are served at a time; more wait in the kernel's queue.
enum { MOST_CONNECTIONS = 256 };

/// Bytes that have come and are not all sent back; while there are some, nothing more is read.
struct connection {
    struct connection *next;
    struct connection **link;
    uint64_t registration;
    int32_t descriptor;
    size_t start, end;
    uint8_t bytes[ECHO_CAPACITY];
};

struct server {
    minato_poller *poller;
    int32_t descriptor;
    int32_t type;
    uint64_t registration;
    size_t count;
    struct connection *connections;
};

/// What the events of the signals and of the server's own socket carry; those of a connection carry its address.
enum { SIGNALS = 1, LISTENER = 2 };

static int32_t adopt(struct server *server, int32_t descriptor) {
    struct connection *connection = malloc(sizeof *connection);
    if (connection == NULL) return -ENOMEM;
    connection->descriptor = descriptor;
    connection->start = connection->end = 0;
    int32_t result = minato_poller_add(
        server->poller, descriptor, MINATO_READABLE, (uintptr_t)connection, &connection->registration);
    if (result < 0) {
        free(connection);
        return result;
    }
    connection->link = &server->connections;
    connection->next = server->connections;
    if (connection->next != NULL) connection->next->link = &connection->next;
    server->connections = connection;
    if (++server->count == MOST_CONNECTIONS) minato_poller_modify(server->poller, server->registration, 0, LISTENER);
    return 0;
}

static void drop(struct server *server, struct connection *connection) {
    minato_poller_remove(server->poller, connection->registration);
    minato_socket_close(connection->descriptor);
    *connection->link = connection->next;
    if (connection->next != NULL) connection->next->link = connection->link;
    free(connection);
    if (server->count-- == MOST_CONNECTIONS) {
        minato_poller_modify(server->poller, server->registration, MINATO_READABLE, LISTENER);
    }
}

static int32_t accept_one(struct server *server) {
    int32_t descriptor = minato_socket_accept(server->descriptor, SOCK_NONBLOCK, MINATO_NO_WAIT, NULL);
    // What went wrong with one connection is no reason to stop; having no descriptors left is.
    if (descriptor < 0) return descriptor == -EMFILE || descriptor == -ENFILE ? descriptor : 0;
    int32_t result = adopt(server, descriptor);
    if (result < 0) minato_socket_close(descriptor);
    return result;
}

/// Reads or writes once; false when the connection has come to its end.
static bool go_on(struct server *server, struct connection *connection) {
    if (connection->start == connection->end) {
        int64_t count = minato_socket_receive(
            connection->descriptor, connection->bytes, sizeof connection->bytes, 0, MINATO_NO_WAIT);
        if (count <= 0) return count == -EAGAIN;
        connection->start = 0;
        connection->end = (size_t)count;
    }
    size_t left = connection->end - connection->start;
    int64_t sent = minato_socket_send(
        connection->descriptor, connection->bytes + connection->start, left, 0, MINATO_NO_WAIT);
    if (sent < 0 && sent != -EAGAIN) return false;
    if (sent > 0) connection->start += (size_t)sent;
    uint32_t interest = connection->start < connection->end ? MINATO_WRITABLE : MINATO_READABLE;
    return minato_poller_modify(server->poller, connection->registration, interest, (uintptr_t)connection) == 0;
}

static void echo_datagram(int32_t descriptor) {
    static uint8_t bytes[ECHO_CAPACITY];
    minato_address sender;
    int64_t count = minato_socket_receive_from(descriptor, bytes, sizeof bytes, 0, &sender, MINATO_NO_WAIT);
    if (count < 0 || minato_address_unix_kind(&sender) == MINATO_UNIX_UNNAMED) return;
    // A reply that nobody wants, or has room for, is dropped: as it may be on the way anyhow.
    minato_socket_send_to(descriptor, bytes, (size_t)count, 0, &sender, minato_clock_deadline(100000000));
}

/// Serves what is ready, until a signal comes.
static int32_t run(struct server *server) {
    for (;;) {
        minato_event events[64];
        int32_t count = minato_poller_wait(server->poller, events, 64, MINATO_NO_DEADLINE);
        if (count < 0 && count != -EINTR) return count;
        for (int32_t i = 0; i < count; i++) {
            int32_t result = 0;
            if (events[i].data == SIGNALS) return 0;
            if (events[i].data != LISTENER) {
                struct connection *connection = (struct connection *)(uintptr_t)events[i].data;
                if (!go_on(server, connection)) drop(server, connection);
            } else if (server->type == SOCK_STREAM) {
                result = accept_one(server);
            } else {
                echo_datagram(server->descriptor);
            }
            if (result < 0) return result;
        }
    }
}

/// Binds, and registers the socket and the signals; 0 or the failure.
static int32_t begin(struct server *server, const minato_address *address, int32_t signals) {
    int32_t family = minato_address_family(address);
    uint64_t ignored;
    server->descriptor = minato_socket_open(family, server->type | SOCK_NONBLOCK, 0);
    if (server->descriptor < 0) return server->descriptor;
    int32_t result = 0;
    if (family != AF_UNIX && server->type == SOCK_STREAM) {
        result = minato_option_set_boolean(server->descriptor, SOL_SOCKET, SO_REUSEADDR, true);
    }
    if (result >= 0) result = minato_socket_bind(server->descriptor, address);
    if (result >= 0 && server->type == SOCK_STREAM) result = minato_socket_listen(server->descriptor, 128);
    if (result >= 0) result = minato_poller_open(MINATO_POLLER_DEFAULT, &server->poller);
    if (result >= 0) {
        result = minato_poller_add(
            server->poller, server->descriptor, MINATO_READABLE, LISTENER, &server->registration);
    }
    if (result >= 0) result = minato_poller_add(server->poller, signals, MINATO_READABLE, SIGNALS, &ignored);
    return result;
}

int echo_serve(const struct echo_target *target) {
    struct server server = {.descriptor = -1, .type = target->type};
    minato_address bound = target->addresses[0];
    char text[MINATO_ADDRESS_TEXT_MAX];
    int32_t signals = minato_signal_open((const int32_t[]){SIGTERM, SIGINT}, 2);
    int32_t result = signals < 0 ? signals : begin(&server, &target->addresses[0], signals);
    if (result >= 0) result = minato_socket_local_address(server.descriptor, &bound);
    if (result >= 0) {
        minato_address_format(&bound, text, sizeof text);
        printf("ready %s\n", text);
        fflush(stdout);
        result = run(&server);
        uint8_t path[MINATO_ADDRESS_UNIX_MAX + 2] = {0};
        if (minato_address_unix_kind(&bound) == MINATO_UNIX_PATH) {
            minato_address_unix_name(&bound, path, sizeof path - 1);
            unlink((const char *)path);
        }
    }
    while (server.connections != NULL) drop(&server, server.connections);
    minato_poller_close(server.poller);
    if (server.descriptor >= 0) minato_socket_close(server.descriptor);
    if (signals >= 0) minato_socket_close(signals);
    return result < 0 ? echo_fail("serve", &bound, result) : 0;
}
