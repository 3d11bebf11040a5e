#include "internal.h"

#include "minato/sigpipe.h"
#include "minato/socket.h"

#include <sys/sendfile.h>
#include <sys/types.h>
#include <unistd.h>

/// What one sendfile(2) takes at most; the kernel would cut a larger request at 0x7ffff000 itself.
static const uint64_t LARGEST_PIECE = UINT64_C(1) << 30;

/// Whether sendfile(2) cannot read this file, though read(2) can.
static bool is_unsupported(int64_t result) {
    return result == -EINVAL || result == -ENOSYS || result == -EOVERFLOW || result == -EOPNOTSUPP;
}

static int64_t copy_piece(int32_t descriptor, int32_t file, off_t offset, uint64_t count, int64_t deadline) {
    char buffer[16384];
    size_t wanted = count < sizeof buffer ? (size_t)count : sizeof buffer;
    int64_t read = minato_result(pread(file, buffer, wanted, offset));
    if (read <= 0) return read;
    // A short send is fine: the next piece begins where this one ended.
    return minato_socket_send(descriptor, buffer, (size_t)read, 0, deadline);
}

static int64_t send_piece(int32_t descriptor, int32_t file, off_t offset, uint64_t count, int64_t deadline) {
    size_t piece = (size_t)(count < LARGEST_PIECE ? count : LARGEST_PIECE);
    MINATO_RETURN_WHEN_READY(descriptor, POLLOUT, deadline, sendfile(descriptor, file, &offset, piece))
}

static int32_t
send_pieces(int32_t descriptor, int32_t file, int64_t offset, uint64_t count, int64_t deadline, uint64_t *sent) {
    bool copying = false;
    while (*sent < count) {
        off_t position = (off_t)(offset + (int64_t)*sent);
        int64_t result = copying ? copy_piece(descriptor, file, position, count - *sent, deadline)
                                 : send_piece(descriptor, file, position, count - *sent, deadline);
        if (!copying && *sent == 0 && is_unsupported(result)) {
            copying = true;
            continue;
        }
        if (result < 0) return (int32_t)result;
        if (result == 0) return 0; // the end of the file
        *sent += (uint64_t)result;
    }
    return 0;
}

int32_t minato_socket_send_file(
    int32_t descriptor, int32_t file, int64_t offset, uint64_t count, int64_t deadline, uint64_t *sent) {
    *sent = 0;
    if (offset < 0) return -EINVAL;
    if (count > (uint64_t)(INT64_MAX - offset)) count = (uint64_t)(INT64_MAX - offset);
    int32_t was_nonblocking = minato_exchange_nonblocking(descriptor, true);
    if (was_nonblocking < 0) return was_nonblocking;
    minato_sigpipe_guard guard;
    minato_sigpipe_begin(&guard);
    int32_t result = send_pieces(descriptor, file, offset, count, deadline, sent);
    minato_sigpipe_end(&guard);
    if (!was_nonblocking) minato_exchange_nonblocking(descriptor, false);
    return result;
}
