#include "internal.h"

#include "address_internal.h"
#include "minato/message.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

_Static_assert(sizeof(minato_buffer) == sizeof(struct iovec), "a buffer is passed as an iovec");
_Static_assert(offsetof(minato_buffer, base) == offsetof(struct iovec, iov_base), "a buffer is passed as an iovec");
_Static_assert(offsetof(minato_buffer, length) == offsetof(struct iovec, iov_len), "a buffer is passed as an iovec");

/// The iovec array of a message. The kernel does not write to it, but `struct msghdr` cannot say so.
static struct iovec *pieces(const minato_buffer *buffers) {
    return (struct iovec *)(uintptr_t)buffers;
}

static void set_target(struct msghdr *header, const minato_address *address) {
    if (address == NULL || minato_address_family(address) == AF_UNSPEC) return;
    header->msg_name = (void *)(uintptr_t)minato_address_const_sockaddr(address);
    header->msg_namelen = minato_address_size(address);
}

static void set_control(struct msghdr *header, const minato_control *control, size_t length) {
    if (control == NULL || length == 0) return;
    header->msg_control = control->bytes;
    header->msg_controllen = length;
}

static int64_t send_once(int32_t descriptor, const struct msghdr *header, int32_t flags) {
    int64_t result = minato_result(sendmsg(descriptor, header, flags | MSG_NOSIGNAL | MSG_DONTWAIT));
    return minato_would_block(result) && header->msg_name != NULL ? minato_port_result(descriptor) : result;
}

static int64_t send_when_ready(int32_t descriptor, const struct msghdr *header, int32_t flags, int64_t deadline) {
    MINATO_RETURN_RESULT_WHEN_READY(descriptor, POLLOUT, deadline, send_once(descriptor, header, flags))
}

/// As `send_to_unix` in transfer.c: a Unix peer's full queue can be waited for only inside the call.
static int64_t send_to_unix(int32_t descriptor, const struct msghdr *header, int32_t flags, int64_t deadline) {
    int64_t result = minato_result(sendmsg(descriptor, header, flags | MSG_NOSIGNAL | MSG_DONTWAIT));
    while (minato_would_block(result)) {
        minato_blocking_spell spell;
        int32_t begun = minato_blocking_begin(&spell, descriptor, deadline);
        if (begun < 0) return begun;
        result = minato_result(sendmsg(descriptor, header, flags | MSG_NOSIGNAL));
        minato_blocking_end(&spell);
    }
    return result;
}

int64_t minato_message_send(
    int32_t descriptor, const minato_buffer *buffers, size_t count, const minato_address *address,
    const minato_control *control, int32_t flags, int64_t deadline) {
    struct msghdr header;
    memset(&header, 0, sizeof header);
    header.msg_iov = pieces(buffers);
    header.msg_iovlen = count;
    set_target(&header, address);
    set_control(&header, control, control == NULL ? 0 : control->length);
    deadline = minato_flags_deadline(flags, deadline);
    if (header.msg_name != NULL && minato_address_family(address) == AF_UNIX) {
        return send_to_unix(descriptor, &header, flags, deadline);
    }
    return send_when_ready(descriptor, &header, flags, deadline);
}

static int64_t receive_once(int32_t descriptor, struct msghdr *header, minato_control *control, int32_t flags) {
    // The kernel overwrites the lengths, also when it has to be called again.
    header->msg_namelen = header->msg_name == NULL ? 0 : sizeof(struct sockaddr_storage);
    header->msg_controllen = control == NULL ? 0 : control->capacity;
    header->msg_flags = 0;
    return recvmsg(descriptor, header, flags | MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
}

static int64_t receive_when_ready(
    int32_t descriptor, struct msghdr *header, minato_control *control, int32_t flags, int64_t deadline) {
    deadline = minato_flags_deadline(flags, deadline);
    MINATO_RETURN_WHEN_READY(
        descriptor, minato_receive_events(descriptor, flags), deadline,
        receive_once(descriptor, header, control, flags))
}

int64_t minato_message_receive(
    int32_t descriptor, const minato_buffer *buffers, size_t count, minato_address *sender, minato_control *control,
    int32_t flags, int32_t *received_flags, int64_t deadline) {
    struct msghdr header;
    memset(&header, 0, sizeof header);
    header.msg_iov = pieces(buffers);
    header.msg_iovlen = count;
    if (sender != NULL) {
        memset(sender, 0, sizeof *sender);
        header.msg_name = minato_address_sockaddr(sender);
    }
    if (control != NULL) {
        control->length = 0;
        header.msg_control = control->bytes;
    }
    if (received_flags != NULL) *received_flags = 0;
    int64_t result = receive_when_ready(descriptor, &header, control, flags, deadline);
    if (result < 0) return result;
    if (sender != NULL) minato_address_set_size(sender, header.msg_namelen);
    if (control != NULL) control->length = header.msg_controllen;
    if (received_flags != NULL) *received_flags = header.msg_flags & ~MSG_CMSG_CLOEXEC;
    return result;
}
