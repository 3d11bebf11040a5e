#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "minato/clock.h"

#include <errno.h>
#include <time.h>

#define NANOSECONDS_PER_SECOND 1000000000

int64_t minato_clock_now(void) {
    struct timespec now;
    // Cannot fail: the clock exists on every Linux and the pointer is good.
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t nanoseconds = (int64_t)now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
    return nanoseconds > MINATO_NO_WAIT ? nanoseconds : MINATO_NO_WAIT + 1;
}

int64_t minato_clock_deadline(int64_t nanoseconds) {
    if (nanoseconds < 0) return -EINVAL;
    if (nanoseconds == 0) return MINATO_NO_WAIT;
    int64_t now = minato_clock_now();
    return nanoseconds < MINATO_NO_DEADLINE - now ? now + nanoseconds : MINATO_NO_DEADLINE;
}

int64_t minato_clock_deadline_from_seconds(double seconds) {
    // Written so that NaN, which compares false with everything, is refused.
    if (!(seconds >= 0)) return -EINVAL;
    double nanoseconds = seconds * NANOSECONDS_PER_SECOND;
    // 2^63 is the least double that does not fit; infinity is above it too.
    if (nanoseconds >= 9223372036854775808.0) return MINATO_NO_DEADLINE;
    int64_t whole = (int64_t)nanoseconds;
    if ((double)whole < nanoseconds) whole += 1;
    return minato_clock_deadline(whole);
}

int64_t minato_clock_remaining(int64_t deadline) {
    if (deadline == MINATO_NO_DEADLINE) return INT64_MAX;
    if (deadline <= MINATO_NO_WAIT) return 0;
    int64_t now = minato_clock_now();
    return deadline > now ? deadline - now : 0;
}
