#include "internal.h"

#include "address_internal.h"
#include "minato/message.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/// The kernel's form of a batch, on the stack: no allocation for a call that runs a million times a second.
typedef struct batch {
    struct mmsghdr headers[MINATO_BATCH_MAX];
    unsigned int count;
} batch;

static void prepare(batch *batch, minato_datagram *datagrams, size_t count, bool receiving) {
    batch->count = count < MINATO_BATCH_MAX ? (unsigned int)count : MINATO_BATCH_MAX;
    memset(batch->headers, 0, batch->count * sizeof batch->headers[0]);
    for (unsigned int i = 0; i < batch->count; i++) {
        minato_datagram *datagram = &datagrams[i];
        struct msghdr *header = &batch->headers[i].msg_hdr;
        header->msg_iov = (struct iovec *)(void *)&datagram->buffer;
        header->msg_iovlen = 1;
        bool connected = minato_address_family(&datagram->address) == AF_UNSPEC;
        socklen_t size = connected ? 0 : minato_address_size(&datagram->address);
        if (receiving) size = MINATO_ADDRESS_CAPACITY;
        header->msg_name = size > 0 ? minato_address_sockaddr(&datagram->address) : NULL;
        header->msg_namelen = size;
        header->msg_controllen = receiving ? datagram->control.capacity : datagram->control.length;
        header->msg_control = header->msg_controllen > 0 ? datagram->control.bytes : NULL;
    }
}

static int64_t send_once(int32_t descriptor, batch *batch, int32_t flags) {
    int64_t result = minato_result(
        sendmmsg(descriptor, batch->headers, batch->count, flags | MSG_NOSIGNAL | MSG_DONTWAIT));
    bool is_named = batch->headers[0].msg_hdr.msg_name != NULL;
    return minato_would_block(result) && is_named ? minato_port_result(descriptor) : result;
}

static int64_t send_when_ready(int32_t descriptor, batch *batch, int32_t flags, int64_t deadline) {
    MINATO_RETURN_RESULT_WHEN_READY(descriptor, POLLOUT, deadline, send_once(descriptor, batch, flags))
}

/// Sends the first datagram alone, by the call that knows how to wait for a Unix peer's queue.
static int64_t send_first(int32_t descriptor, minato_datagram *datagram, int32_t flags, int64_t deadline) {
    int64_t result = minato_message_send(
        descriptor, &datagram->buffer, 1, &datagram->address, &datagram->control, flags, deadline);
    if (result < 0) return result;
    datagram->length = (size_t)result;
    return 1;
}

int32_t minato_message_send_batch(
    int32_t descriptor, minato_datagram *datagrams, size_t count, int32_t flags, int64_t deadline) {
    if (count == 0) return 0;
    if (minato_address_family(&datagrams[0].address) == AF_UNIX) {
        return (int32_t)send_first(descriptor, &datagrams[0], flags, deadline);
    }
    batch batch;
    prepare(&batch, datagrams, count, false);
    deadline = minato_flags_deadline(flags, deadline);
    int64_t sent = send_when_ready(descriptor, &batch, flags, deadline);
    for (int64_t i = 0; i < sent; i++) datagrams[i].length = batch.headers[i].msg_len;
    return (int32_t)sent;
}

static int64_t receive_when_ready(
    int32_t descriptor, batch *batch, minato_datagram *datagrams, size_t count, int32_t flags, int64_t deadline) {
    deadline = minato_flags_deadline(flags, deadline);
    // MSG_TRUNC makes the kernel tell the true length of a datagram that is cut.
    flags |= MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC;
    prepare(batch, datagrams, count, true);
    MINATO_RETURN_WHEN_READY(
        descriptor, minato_receive_events(descriptor, flags), deadline,
        recvmmsg(descriptor, batch->headers, batch->count, flags, NULL))
}

int32_t minato_message_receive_batch(
    int32_t descriptor, minato_datagram *datagrams, size_t count, int32_t flags, int64_t deadline) {
    if (count == 0) return 0;
    batch batch;
    int64_t received = receive_when_ready(descriptor, &batch, datagrams, count, flags, deadline);
    for (int64_t i = 0; i < received; i++) {
        const struct msghdr *header = &batch.headers[i].msg_hdr;
        minato_address_set_size(&datagrams[i].address, header->msg_namelen);
        datagrams[i].control.length = header->msg_controllen;
        datagrams[i].length = batch.headers[i].msg_len;
        datagrams[i].flags = header->msg_flags & ~MSG_CMSG_CLOEXEC;
    }
    return (int32_t)received;
}
