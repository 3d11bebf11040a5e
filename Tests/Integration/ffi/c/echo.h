/// An echo server and its client in C: `echo serve tcp HOST PORT`, and so on. What the three sources share.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef ECHO_H
#define ECHO_H

#include <minato/minato.h>

/// The most bytes of a datagram, and of what is read from a stream at a time.
enum { ECHO_CAPACITY = 65536 };

/// Where to listen or to connect: one address, or several of a name.
struct echo_target {
    /// SOCK_STREAM or SOCK_DGRAM.
    int32_t type;
    size_t count;
    minato_address addresses[8];
};

/// Serves until SIGTERM or SIGINT comes. Gives the exit status.
int echo_serve(const struct echo_target *target);

/// Sends what is read from standard input up to its end, and writes what comes back. Gives the exit status.
int echo_send(const struct echo_target *target);

/// Prints what was done, with which address (NULL: none), and why it failed. Gives the exit status 1.
int echo_fail(const char *what, const minato_address *address, int64_t result);

#endif
