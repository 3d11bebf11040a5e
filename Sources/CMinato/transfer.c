#include "internal.h"

#include "address_internal.h"
#include "minato/socket.h"
#include "system_call.h"

#include <string.h>
#include <sys/socket.h>

// Where the kernel has no call of its own for these, as on 32-bit x86 of old, libc does it.
int64_t minato_socket_send_once(int32_t descriptor, const void *bytes, size_t count) {
#ifdef SYS_sendto
    return minato_system_call(
        SYS_sendto, descriptor, (long)bytes, (long)count, MSG_NOSIGNAL | MSG_DONTWAIT, (long)NULL, 0);
#else
    return minato_result(send(descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT));
#endif
}

int64_t minato_socket_receive_once(int32_t descriptor, void *buffer, size_t capacity) {
#ifdef SYS_recvfrom
    return minato_system_call(
        SYS_recvfrom, descriptor, (long)buffer, (long)capacity, MSG_DONTWAIT, (long)NULL, (long)NULL);
#else
    return minato_result(recv(descriptor, buffer, capacity, MSG_DONTWAIT));
#endif
}

int64_t minato_socket_send(int32_t descriptor, const void *bytes, size_t count, int32_t flags, int64_t deadline) {
    deadline = minato_flags_deadline(flags, deadline);
    MINATO_RETURN_WHEN_READY(
        descriptor, POLLOUT, deadline, send(descriptor, bytes, count, flags | MSG_NOSIGNAL | MSG_DONTWAIT))
}

int32_t minato_socket_send_all(
    int32_t descriptor, const void *bytes, size_t count, int32_t flags, int64_t deadline, size_t *sent) {
    *sent = 0;
    do { // once for no bytes too: an empty datagram is a datagram
        const char *rest = (const char *)bytes + *sent;
        int64_t result = minato_socket_send(descriptor, rest, count - *sent, flags, deadline);
        if (result < 0) return (int32_t)result;
        *sent += (size_t)result;
    } while (*sent < count);
    return 0;
}

static int64_t
send_to_once(int32_t descriptor, const void *bytes, size_t count, int32_t flags, const minato_address *address) {
    int64_t result = minato_result(sendto(
        descriptor, bytes, count, flags | MSG_NOSIGNAL | MSG_DONTWAIT, minato_address_const_sockaddr(address),
        minato_address_size(address)));
    return minato_would_block(result) ? minato_port_result(descriptor) : result;
}

static int64_t send_to_ready(
    int32_t descriptor, const void *bytes, size_t count, int32_t flags, const minato_address *address,
    int64_t deadline) {
    MINATO_RETURN_RESULT_WHEN_READY(
        descriptor, POLLOUT, deadline, send_to_once(descriptor, bytes, count, flags, address))
}

/// Sends to a Unix socket that is named in the call: poll(2) does not know its receive queue and always says
/// "writable", so a full queue is waited for inside sendto(2).
static int64_t send_to_unix(
    int32_t descriptor, const void *bytes, size_t count, int32_t flags, const minato_address *address,
    int64_t deadline) {
    const struct sockaddr *target = minato_address_const_sockaddr(address);
    socklen_t size = minato_address_size(address);
    int64_t result = minato_result(sendto(descriptor, bytes, count, flags | MSG_NOSIGNAL | MSG_DONTWAIT, target, size));
    while (minato_would_block(result)) {
        minato_blocking_spell spell;
        int32_t begun = minato_blocking_begin(&spell, descriptor, deadline);
        if (begun < 0) return begun;
        result = minato_result(sendto(descriptor, bytes, count, flags | MSG_NOSIGNAL, target, size));
        minato_blocking_end(&spell);
    }
    return result;
}

int64_t minato_socket_send_to(
    int32_t descriptor, const void *bytes, size_t count, int32_t flags, const minato_address *address,
    int64_t deadline) {
    deadline = minato_flags_deadline(flags, deadline);
    if (minato_address_family(address) == AF_UNIX) {
        return send_to_unix(descriptor, bytes, count, flags, address, deadline);
    }
    return send_to_ready(descriptor, bytes, count, flags, address, deadline);
}

bool minato_is_stream(int32_t descriptor) {
    int type = 0;
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof type}) == 0 && type == SOCK_STREAM;
}

static int64_t receive_some(int32_t descriptor, void *buffer, size_t capacity, int32_t flags, int64_t deadline) {
    deadline = minato_flags_deadline(flags, deadline);
    MINATO_RETURN_WHEN_READY(
        descriptor, minato_receive_events(descriptor, flags), deadline,
        recv(descriptor, buffer, capacity, flags | MSG_DONTWAIT))
}

/// Whether a receive shall go on until its buffer is full. The kernel itself does not, under MSG_DONTWAIT.
static bool shall_fill(int32_t descriptor, int32_t flags) {
    if (!(flags & MSG_WAITALL) || flags & (MSG_PEEK | MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB)) return false;
    return minato_is_stream(descriptor);
}

int64_t minato_socket_receive(int32_t descriptor, void *buffer, size_t capacity, int32_t flags, int64_t deadline) {
    if (!shall_fill(descriptor, flags)) return receive_some(descriptor, buffer, capacity, flags, deadline);
    size_t filled = 0;
    int64_t result;
    do {
        result = receive_some(descriptor, (char *)buffer + filled, capacity - filled, flags, deadline);
        if (result > 0) filled += (size_t)result;
    } while (result > 0 && filled < capacity);
    // As the kernel has it: what came before a failure, a signal or the end is a result, and the next call tells.
    return filled > 0 ? (int64_t)filled : result;
}

static int64_t
receive_from_once(int32_t descriptor, void *buffer, size_t capacity, int32_t flags, minato_address *sender) {
    memset(sender, 0, sizeof *sender);
    socklen_t length = sizeof(struct sockaddr_storage);
    int64_t result = recvfrom(descriptor, buffer, capacity, flags, minato_address_sockaddr(sender), &length);
    if (result >= 0) minato_address_set_size(sender, length);
    return result;
}

int64_t minato_socket_receive_from(
    int32_t descriptor, void *buffer, size_t capacity, int32_t flags, minato_address *sender, int64_t deadline) {
    deadline = minato_flags_deadline(flags, deadline);
    MINATO_RETURN_WHEN_READY(
        descriptor, minato_receive_events(descriptor, flags), deadline,
        receive_from_once(descriptor, buffer, capacity, flags | MSG_DONTWAIT, sender))
}
