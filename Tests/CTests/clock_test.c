#include <errno.h>
#include <math.h>

#include "check.h"
#include "minato/clock.h"
#include "subjects.h"

static void now_is_monotonic(void) {
    int64_t before = minato_clock_now();
    CHECK(before > MINATO_NO_WAIT);
    for (int i = 0; i < 100; i += 1) {
        int64_t after = minato_clock_now();
        CHECK(after >= before);
        before = after;
    }
}

static void deadlines(void) {
    static const struct {
        int64_t nanoseconds, fixed;
    } rows[] = {
        {0, MINATO_NO_WAIT},
        {-1, -EINVAL},
        {INT64_MIN, -EINVAL},
        {INT64_MAX, MINATO_NO_DEADLINE},
        {INT64_MAX - 1, MINATO_NO_DEADLINE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        CHECK_INT(minato_clock_deadline(rows[i].nanoseconds), rows[i].fixed);
    }
    int64_t before = minato_clock_now();
    int64_t deadline = minato_clock_deadline(1000);
    CHECK(deadline >= before + 1000);
    CHECK(deadline <= minato_clock_now() + 1000);
}

static void deadlines_from_seconds(void) {
    static const struct {
        double seconds;
        int64_t fixed;
    } rows[] = {
        {0.0, MINATO_NO_WAIT},
        {-0.0, MINATO_NO_WAIT},
        {-1e-300, -EINVAL},
        {-1.0, -EINVAL},
        {-INFINITY, -EINVAL},
        {NAN, -EINVAL},
        {-NAN, -EINVAL},
        {INFINITY, MINATO_NO_DEADLINE},
        {1e300, MINATO_NO_DEADLINE},
        {9223372036.854775807, MINATO_NO_DEADLINE},
        {9.3e9, MINATO_NO_DEADLINE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        CHECK_INT(minato_clock_deadline_from_seconds(rows[i].seconds), rows[i].fixed);
    }
    static const struct {
        double seconds;
        int64_t nanoseconds;
    } positive[] = {
        {5e-324, 1}, {1e-10, 1}, {1e-9, 1}, {1.5e-9, 2}, {0.25, 250000000}, {1.0, 1000000000}, {3600.5, 3600500000000},
    };
    for (size_t i = 0; i < sizeof positive / sizeof positive[0]; i += 1) {
        int64_t before = minato_clock_now();
        int64_t deadline = minato_clock_deadline_from_seconds(positive[i].seconds);
        CHECK(deadline >= before + positive[i].nanoseconds);
        CHECK(deadline <= minato_clock_now() + positive[i].nanoseconds);
    }
}

static void remaining(void) {
    CHECK_INT(minato_clock_remaining(MINATO_NO_DEADLINE), INT64_MAX);
    CHECK_INT(minato_clock_remaining(MINATO_NO_WAIT), 0);
    CHECK_INT(minato_clock_remaining(-EINVAL), 0);
    CHECK_INT(minato_clock_remaining(INT64_MIN), 0);
    CHECK_INT(minato_clock_remaining(minato_clock_now()), 0);
    int64_t left = minato_clock_remaining(minato_clock_deadline(1000000000000));
    CHECK(left > 0 && left <= 1000000000000);
}

const struct check_test clock_tests[] = {
    {"clock: now is monotonic", now_is_monotonic},
    {"clock: deadlines", deadlines},
    {"clock: deadlines from seconds", deadlines_from_seconds},
    {"clock: remaining", remaining},
    {0},
};
