#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "minato/option.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "minato/clock.h"

static int32_t set(int32_t descriptor, int32_t level, int32_t name, const void *value, socklen_t length) {
    return setsockopt(descriptor, level, name, value, length) < 0 ? -errno : 0;
}

int32_t minato_option_set_integer(int32_t descriptor, int32_t level, int32_t name, int32_t value) {
    return set(descriptor, level, name, &value, sizeof value);
}

int32_t minato_option_get_integer(int32_t descriptor, int32_t level, int32_t name, int32_t *value) {
    int32_t number = 0;
    socklen_t length = sizeof number;
    if (getsockopt(descriptor, level, name, &number, &length) < 0) return -errno;
    if (length == 1) {
        uint8_t byte;
        memcpy(&byte, &number, sizeof byte);
        number = byte;
    } else if (length != sizeof number) {
        return -EINVAL;
    }
    *value = number;
    return 0;
}

int32_t minato_option_set_boolean(int32_t descriptor, int32_t level, int32_t name, bool value) {
    return minato_option_set_integer(descriptor, level, name, value ? 1 : 0);
}

int32_t minato_option_get_boolean(int32_t descriptor, int32_t level, int32_t name, bool *value) {
    int32_t number;
    int32_t result = minato_option_get_integer(descriptor, level, name, &number);
    if (result == 0) *value = number != 0;
    return result;
}

int32_t minato_option_set_duration(int32_t descriptor, int32_t level, int32_t name, int64_t nanoseconds) {
    if (nanoseconds < 0) return -EINVAL;
    if (nanoseconds == MINATO_NO_DEADLINE) nanoseconds = 0;
    // Rounded up: a time below one microsecond must not become zero, which means for ever.
    int64_t microseconds = nanoseconds / 1000 + (nanoseconds % 1000 != 0);
    struct timeval value = {.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000};
    return set(descriptor, level, name, &value, sizeof value);
}

int32_t minato_option_get_duration(int32_t descriptor, int32_t level, int32_t name, int64_t *nanoseconds) {
    struct timeval value = {0};
    socklen_t length = sizeof value;
    if (getsockopt(descriptor, level, name, &value, &length) < 0) return -errno;
    if (length != sizeof value) return -EINVAL;
    // The kernel reports up to LONG_MAX ticks, more than 64 bits of nanoseconds hold.
    if (value.tv_sec > INT64_MAX / 1000000000 - 1) {
        *nanoseconds = INT64_MAX;
    } else {
        *nanoseconds = (int64_t)value.tv_sec * 1000000000 + (int64_t)value.tv_usec * 1000;
    }
    return 0;
}

int32_t minato_option_set_linger(int32_t descriptor, bool on, int32_t seconds) {
    if (seconds < 0) return -EINVAL;
    struct linger value = {.l_onoff = on ? 1 : 0, .l_linger = seconds};
    return set(descriptor, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

int32_t minato_option_get_linger(int32_t descriptor, bool *on, int32_t *seconds) {
    struct linger value = {0};
    socklen_t length = sizeof value;
    if (getsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, &length) < 0) return -errno;
    *on = value.l_onoff != 0;
    *seconds = value.l_linger;
    return 0;
}

int32_t minato_option_set_bytes(int32_t descriptor, int32_t level, int32_t name, const void *value, size_t length) {
    if (length > INT_MAX) return -EINVAL;
    return set(descriptor, level, name, value, (socklen_t)length);
}

int32_t minato_option_get_bytes(int32_t descriptor, int32_t level, int32_t name, void *value, size_t capacity) {
    // The kernel reads the length as an int.
    if (capacity > INT_MAX) capacity = INT_MAX;
    socklen_t length = (socklen_t)capacity;
    if (getsockopt(descriptor, level, name, value, &length) < 0) return -errno;
    return length < capacity ? (int32_t)length : (int32_t)capacity;
}
