#include "internal.h"

#include "address_internal.h"
#include "minato/socket.h"

#include <string.h>
#include <sys/socket.h>

static int32_t connect_once(int32_t descriptor, const minato_address *address) {
    int64_t result = minato_result(
        connect(descriptor, minato_address_const_sockaddr(address), minato_address_size(address)));
    return minato_would_block(result) ? minato_port_result(descriptor) : (int32_t)result;
}

/// Whether the kernel goes on with the attempt by itself. EINTR: connect(2) was interrupted, its attempt was not.
static bool is_under_way(int32_t result) {
    return result == -EINPROGRESS || result == -EALREADY || result == -EINTR;
}

/// Whether an address stands for this host, whatever its peer is then called: the wildcard, mapped or not.
static bool is_wildcard(const minato_address *address) {
    static const uint8_t wildcard[16] = {0};
    minato_address plain;
    uint8_t octets[16];
    if (!minato_address_is_mapped(address, &plain)) plain = *address;
    int32_t count = minato_address_octets(&plain, octets);
    return count > 0 && memcmp(octets, wildcard, (size_t)count) == 0;
}

/// Whether a peer's address may be one that was connected to. The kernel keeps no flow label of it, and a scope only where
/// the address needs one: [::1%lo] is [::1] then.
static bool is_peer(const minato_address *peer, const minato_address *address) {
    if (minato_address_family(peer) != minato_address_family(address)) return false;
    if (minato_address_port(peer) != minato_address_port(address)) return false;
    if (is_wildcard(address)) return true;
    uint8_t octets[2][16];
    int32_t count = minato_address_octets(peer, octets[0]);
    minato_address_octets(address, octets[1]);
    if (memcmp(octets[0], octets[1], (size_t)count) != 0) return false;
    uint32_t scopes[] = {minato_address_scope_id(peer), minato_address_scope_id(address)};
    return scopes[0] == 0 || scopes[1] == 0 || scopes[0] == scopes[1];
}

/// Whether a stream has a peer already, and another one than `address`.
///
/// After a connect that did not stand at once Linux reports success for one more connect(2), to whatever address
/// (SS_CONNECTING in the kernel's inet_stream_connect). For the same address that is wanted, since a caller calls again
/// after -EINTR; for another one it would be a lie.
static bool is_connected_elsewhere(int32_t descriptor, const minato_address *address) {
    minato_address peer;
    int32_t family = minato_address_family(address);
    if (family != AF_INET && family != AF_INET6) return false;
    if (minato_socket_peer_address(descriptor, &peer) < 0 || is_peer(&peer, address)) return false;
    minato_socket_info info;
    return minato_socket_inspect(descriptor, &info) == 0 && info.type == SOCK_STREAM;
}

int32_t minato_socket_start_connect(int32_t descriptor, const minato_address *address) {
    if (is_connected_elsewhere(descriptor, address)) return -EISCONN;
    int32_t result = connect_once(descriptor, address);
    return is_under_way(result) ? 1 : result;
}

/// The error that is pending, or 0; the kernel forgets it with that.
static int32_t pending_error(int32_t descriptor) {
    int32_t error = 0;
    socklen_t length = sizeof error;
    int32_t result = (int32_t)minato_result(getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length));
    return result < 0 ? result : -error;
}

int32_t minato_socket_finish_connect(int32_t descriptor, int64_t deadline) {
    int32_t waited = minato_await(descriptor, POLLOUT, deadline);
    if (waited < 0) return waited;
    int32_t result = pending_error(descriptor);
    if (result < 0) return result;
    // No error is no connection yet: it may never have started, or its failure was told already.
    minato_address peer;
    minato_socket_info info;
    if (minato_socket_peer_address(descriptor, &peer) != -ENOTCONN) return 0;
    if (minato_socket_inspect(descriptor, &info) < 0 || info.type != SOCK_STREAM) return 0;
    // It may have stood until a moment ago.
    result = pending_error(descriptor);
    return result < 0 ? result : -ENOTCONN;
}

/// Connects to a Unix socket whose backlog is full. No readiness announces room there; only a blocking connect(2)
/// waits.
static int32_t connect_to_full_backlog(int32_t descriptor, const minato_address *address, int64_t deadline) {
    for (;;) {
        minato_blocking_spell spell;
        int32_t result = minato_blocking_begin(&spell, descriptor, deadline);
        if (result < 0) return result;
        result = connect_once(descriptor, address);
        minato_blocking_end(&spell);
        if (!minato_would_block(result)) return result;
    }
}

static int32_t connect_nonblocking(int32_t descriptor, const minato_address *address, int64_t deadline) {
    if (is_connected_elsewhere(descriptor, address)) return -EISCONN;
    int32_t result = connect_once(descriptor, address);
    if (is_under_way(result)) return minato_socket_finish_connect(descriptor, deadline);
    if (minato_would_block(result) && minato_address_family(address) == AF_UNIX) {
        return connect_to_full_backlog(descriptor, address, deadline);
    }
    return result;
}

int32_t minato_socket_connect(int32_t descriptor, const minato_address *address, int64_t deadline) {
    int32_t was_nonblocking = minato_exchange_nonblocking(descriptor, true);
    if (was_nonblocking < 0) return was_nonblocking;
    int32_t result = connect_nonblocking(descriptor, address, deadline);
    if (!was_nonblocking) minato_exchange_nonblocking(descriptor, false);
    return result;
}
