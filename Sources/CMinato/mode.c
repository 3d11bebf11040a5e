#include "internal.h"

#include "minato/option.h"
#include "minato/socket.h"

#include <fcntl.h>
#include <sys/socket.h>

/// The longest single wait inside a system call: long enough to cost nothing, finite so that a signal always ends it (a
/// handler with SA_RESTART restarts only waits without a time limit, see signal(7)).
static const int64_t LONGEST_SPELL = INT64_C(3600) * 1000000000;

static int32_t status_flags(int32_t descriptor) {
    return (int32_t)minato_result(fcntl(descriptor, F_GETFL));
}

int32_t minato_exchange_nonblocking(int32_t descriptor, bool wanted) {
    int32_t flags = status_flags(descriptor);
    if (flags < 0) return flags;
    bool was = (flags & O_NONBLOCK) != 0;
    if (was == wanted) return was;
    int32_t result = (int32_t)minato_result(fcntl(descriptor, F_SETFL, flags ^ O_NONBLOCK));
    return result < 0 ? result : was;
}

int32_t minato_socket_set_blocking(int32_t descriptor, bool blocking) {
    int32_t result = minato_exchange_nonblocking(descriptor, !blocking);
    return result < 0 ? result : 0;
}

int32_t minato_socket_is_blocking(int32_t descriptor) {
    int32_t flags = status_flags(descriptor);
    return flags < 0 ? flags : (flags & O_NONBLOCK) == 0;
}

int32_t minato_socket_set_inheritable(int32_t descriptor, bool inheritable) {
    return (int32_t)minato_result(fcntl(descriptor, F_SETFD, inheritable ? 0 : FD_CLOEXEC));
}

int32_t minato_socket_is_inheritable(int32_t descriptor) {
    int32_t flags = (int32_t)minato_result(fcntl(descriptor, F_GETFD));
    return flags < 0 ? flags : (flags & FD_CLOEXEC) == 0;
}

int32_t minato_blocking_begin(minato_blocking_spell *spell, int32_t descriptor, int64_t deadline) {
    int64_t left = minato_clock_remaining(deadline);
    if (left == 0) return minato_expired(deadline);
    spell->descriptor = descriptor;
    int32_t result = minato_option_get_duration(descriptor, SOL_SOCKET, SO_SNDTIMEO, &spell->send_timeout);
    if (result < 0) return result;
    result = minato_option_set_duration(
        descriptor, SOL_SOCKET, SO_SNDTIMEO, left < LONGEST_SPELL ? left : LONGEST_SPELL);
    if (result < 0) return result;
    spell->was_nonblocking = minato_exchange_nonblocking(descriptor, false);
    if (spell->was_nonblocking >= 0) return 0;
    result = spell->was_nonblocking;
    minato_option_set_duration(descriptor, SOL_SOCKET, SO_SNDTIMEO, spell->send_timeout);
    return result;
}

void minato_blocking_end(const minato_blocking_spell *spell) {
    if (spell->was_nonblocking) minato_exchange_nonblocking(spell->descriptor, true);
    minato_option_set_duration(spell->descriptor, SOL_SOCKET, SO_SNDTIMEO, spell->send_timeout);
}
