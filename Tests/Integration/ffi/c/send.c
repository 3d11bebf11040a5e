#include "echo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/// How long each step may take, in nanoseconds.
static const int64_t PATIENCE = 10000000000;

/// All of standard input, to be freed; NULL when that failed.
static uint8_t *read_input(size_t *count) {
    uint8_t *bytes = NULL;
    *count = 0;
    do {
        uint8_t *longer = realloc(bytes, *count + ECHO_CAPACITY);
        if (longer == NULL) break;
        bytes = longer;
        size_t read = fread(bytes + *count, 1, ECHO_CAPACITY, stdin);
        *count += read;
        if (read < ECHO_CAPACITY && feof(stdin)) return bytes;
    } while (!ferror(stdin));
    free(bytes);
    return NULL;
}

static int64_t write_output(const uint8_t *bytes, size_t count) {
    if (fwrite(bytes, 1, count, stdout) != count || fflush(stdout) != 0) return -errno;
    return (int64_t)count;
}

/// Sends and receives at the same time: a server that does not read on before its replies are read is not stuck.
static int64_t exchange_stream(int32_t descriptor, const uint8_t *bytes, size_t count) {
    static uint8_t reply[ECHO_CAPACITY];
    size_t sent = 0;
    bool open = true;
    for (;;) {
        if (open && sent == count) {
            int32_t result = minato_socket_shutdown(descriptor, SHUT_WR);
            if (result < 0) return result;
            open = false;
        }
        uint32_t interest = open ? MINATO_READABLE | MINATO_WRITABLE : MINATO_READABLE;
        int64_t result = minato_wait(descriptor, interest, minato_clock_deadline(PATIENCE));
        if (result == -EINTR) continue;
        if (result < 0) return result;
        if (open && result & MINATO_WRITABLE) {
            result = minato_socket_send(descriptor, bytes + sent, count - sent, 0, MINATO_NO_WAIT);
            if (result < 0 && result != -EAGAIN) return result;
            if (result > 0) sent += (size_t)result;
        }
        result = minato_socket_receive(descriptor, reply, sizeof reply, 0, MINATO_NO_WAIT);
        if (result > 0) result = write_output(reply, (size_t)result);
        if (result == 0 || (result < 0 && result != -EAGAIN)) return result;
    }
}

/// One datagram and one reply.
static int64_t exchange_datagram(int32_t descriptor, const uint8_t *bytes, size_t count) {
    static uint8_t reply[ECHO_CAPACITY];
    int64_t deadline = minato_clock_deadline(PATIENCE);
    int64_t result = minato_socket_send(descriptor, bytes, count, 0, deadline);
    if (result >= 0) result = minato_socket_receive(descriptor, reply, sizeof reply, 0, deadline);
    return result < 0 ? result : write_output(reply, (size_t)result);
}

/// The descriptor of a socket that is connected to the first address that answers, or the last failure.
static int32_t connect_to(const struct echo_target *target, const minato_address **address) {
    int32_t result = -EADDRNOTAVAIL;
    for (size_t i = 0; i < target->count; i++) {
        *address = &target->addresses[i];
        int32_t family = minato_address_family(*address);
        int32_t descriptor = minato_socket_open(family, target->type, 0);
        result = descriptor < 0 ? descriptor : 0;
        if (result >= 0 && family == AF_UNIX && target->type == SOCK_DGRAM) {
            // Without a name nobody could answer: the kernel chooses one.
            minato_address unnamed;
            minato_address_set_unix_unnamed(&unnamed);
            result = minato_socket_bind(descriptor, &unnamed);
        }
        if (result >= 0) result = minato_socket_connect(descriptor, *address, minato_clock_deadline(PATIENCE));
        if (result >= 0) return descriptor;
        if (descriptor >= 0) minato_socket_close(descriptor);
    }
    return result;
}

int echo_send(const struct echo_target *target) {
    size_t count;
    uint8_t *bytes = read_input(&count);
    if (bytes == NULL) return echo_fail("standard input", NULL, -errno);
    const minato_address *address = NULL;
    const char *what = "connect";
    int64_t result = connect_to(target, &address);
    if (result >= 0) {
        int32_t descriptor = (int32_t)result;
        what = "exchange with";
        result = target->type == SOCK_STREAM ? exchange_stream(descriptor, bytes, count)
                                             : exchange_datagram(descriptor, bytes, count);
        minato_socket_close(descriptor);
    }
    free(bytes);
    return result < 0 ? echo_fail(what, address, result) : 0;
}
