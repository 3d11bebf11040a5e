/// Sockets in the states that tests begin with.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_TESTS_FIXTURE_H
#define MINATO_TESTS_FIXTURE_H

#include "minato/minato.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The deadline of calls that should not have to wait at all: far enough for the slowest machine.
int64_t fixture_soon(void);

/// The deadline in so many milliseconds.
int64_t fixture_in(int64_t milliseconds);

/// Closes a descriptor, which must succeed.
void fixture_close(int32_t descriptor);

/// 127.0.0.1 with a port.
minato_address fixture_loopback(uint16_t port);

/// A TCP listener on 127.0.0.1 and its address.
int32_t fixture_listener(int32_t backlog, minato_address *address);

/// A Unix listener with a name that the kernel chose.
int32_t fixture_unix_listener(int32_t backlog, minato_address *address);

/// Two ends of a TCP connection: the client and the accepted socket.
void fixture_tcp_pair(int32_t *client, int32_t *server);

/// Two connected Unix sockets.
void fixture_pair(int32_t type, int32_t *left, int32_t *right);

/// A socket of a datagram family bound to a free local address: AF_INET, AF_INET6 or AF_UNIX.
int32_t fixture_bound_datagram(int32_t family, minato_address *address);

/// Sends until nothing more fits, to `address` unless NULL; returns how many bytes went.
size_t fixture_fill(int32_t descriptor, const minato_address *address);

/// Connects sockets to a TCP listener until its backlog is full and gives those, `capacity` at most.
size_t fixture_fill_backlog(const minato_address *address, int32_t *clients, size_t capacity);

/// A file without a name that holds `length` bytes, byte i being `fixture_byte(i)`.
int32_t fixture_file(size_t length);
uint8_t fixture_byte(size_t index);

/// Makes SIGUSR1 come every few milliseconds, with a handler that does nothing and without SA_RESTART, until stopped.
void fixture_start_signals(void);
void fixture_stop_signals(void);

#ifdef __cplusplus
}
#endif

#endif
