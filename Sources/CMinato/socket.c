#include "internal.h"

#include "address_internal.h"
#include "minato/ready.h"
#include "minato/socket.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int32_t minato_socket_open(int32_t family, int32_t type, int32_t protocol) {
    return (int32_t)minato_result(socket(family, type | SOCK_CLOEXEC, protocol));
}

int32_t minato_socket_pair(int32_t family, int32_t type, int32_t protocol, int32_t *descriptors) {
    int pair[2] = {-1, -1};
    int32_t result = (int32_t)minato_result(socketpair(family, type | SOCK_CLOEXEC, protocol, pair));
    descriptors[0] = pair[0];
    descriptors[1] = pair[1];
    return result;
}

static int32_t socket_integer(int32_t descriptor, int name, int32_t *value) {
    socklen_t length = sizeof *value;
    return (int32_t)minato_result(getsockopt(descriptor, SOL_SOCKET, name, value, &length));
}

int32_t minato_socket_inspect(int32_t descriptor, minato_socket_info *info) {
    memset(info, 0, sizeof *info);
    int32_t result = socket_integer(descriptor, SO_DOMAIN, &info->family);
    if (result == 0) result = socket_integer(descriptor, SO_TYPE, &info->type);
    if (result == 0) result = socket_integer(descriptor, SO_PROTOCOL, &info->protocol);
    if (result < 0) return result;
    // Families that cannot listen may not know the option.
    if (socket_integer(descriptor, SO_ACCEPTCONN, &info->listening) < 0) info->listening = 0;
    return 0;
}

int32_t minato_socket_close(int32_t descriptor) {
    // Linux frees the number before anything in close(2) can fail: another thread may own it already.
    return (int32_t)minato_result(close(descriptor));
}

int32_t minato_socket_duplicate(int32_t descriptor) {
    return (int32_t)minato_result(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
}

int32_t minato_socket_bind(int32_t descriptor, const minato_address *address) {
    return (int32_t)minato_result(
        bind(descriptor, minato_address_const_sockaddr(address), minato_address_size(address)));
}

int32_t minato_socket_listen(int32_t descriptor, int32_t backlog) {
    return (int32_t)minato_result(listen(descriptor, backlog < 0 ? 0 : backlog));
}

static int64_t accept_once(int32_t descriptor, int32_t flags, minato_address *peer) {
    minato_address address;
    memset(&address, 0, sizeof address);
    socklen_t length = sizeof(struct sockaddr_storage);
    int64_t result = accept4(descriptor, minato_address_sockaddr(&address), &length, flags | SOCK_CLOEXEC);
    if (result >= 0 && peer != NULL) {
        minato_address_set_size(&address, length);
        *peer = address;
    }
    return result;
}

static int64_t accept_when_ready(int32_t descriptor, int32_t flags, int64_t deadline, minato_address *peer){
    MINATO_RETURN_WHEN_READY(descriptor, POLLIN, deadline, accept_once(descriptor, flags, peer))}

int32_t minato_socket_accept(int32_t descriptor, int32_t flags, int64_t deadline, minato_address *peer) {
    int32_t blocking = minato_socket_is_blocking(descriptor);
    if (blocking < 0) return blocking;
    // accept4(2) has no flag that keeps it from waiting: on a blocking descriptor, wait where the deadline counts.
    int32_t waited = blocking ? minato_await(descriptor, POLLIN, deadline) : 0;
    if (waited < 0) return waited;
    return (int32_t)accept_when_ready(descriptor, flags, deadline, peer);
}

int32_t minato_socket_accept_once(int32_t descriptor, int32_t flags, minato_address *peer) {
    return (int32_t)minato_result(accept_once(descriptor, flags, peer));
}

int32_t minato_socket_shutdown(int32_t descriptor, int32_t how) {
    return (int32_t)minato_result(shutdown(descriptor, how));
}

int32_t minato_socket_local_address(int32_t descriptor, minato_address *address) {
    memset(address, 0, sizeof *address);
    socklen_t length = sizeof(struct sockaddr_storage);
    int32_t result = (int32_t)minato_result(getsockname(descriptor, minato_address_sockaddr(address), &length));
    if (result == 0) minato_address_set_size(address, length);
    return result;
}

int32_t minato_port_result(int32_t descriptor) {
    minato_address local;
    bool has_none = minato_socket_local_address(descriptor, &local) == 0 && minato_address_port(&local) == 0;
    return has_none ? -EADDRNOTAVAIL : -EAGAIN;
}

int32_t minato_socket_peer_address(int32_t descriptor, minato_address *address) {
    memset(address, 0, sizeof *address);
    socklen_t length = sizeof(struct sockaddr_storage);
    int32_t result = (int32_t)minato_result(getpeername(descriptor, minato_address_sockaddr(address), &length));
    if (result == 0) minato_address_set_size(address, length);
    return result;
}
