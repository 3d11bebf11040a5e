/// Checks for the test programs of the C layer: each is counted, the first that does not hold ends the program.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_TESTS_CHECK_H
#define MINATO_TESTS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Holds when the condition does.
#define CHECK(condition) check_true((condition) ? true : false, __FILE__, __LINE__, #condition)

/// Holds when both numbers are equal; prints both, and the name of an error code.
#define CHECK_INT(actual, expected) \
    check_integer((long long)(actual), (long long)(expected), __FILE__, __LINE__, #actual, #expected)

/// Holds when both texts are equal.
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), __FILE__, __LINE__, #actual)

/// Holds when the descriptor is open and close-on-exec; gives the descriptor.
#define CHECK_DESCRIPTOR(descriptor) check_descriptor((descriptor), __FILE__, __LINE__, #descriptor)

void check_true(bool holds, const char *file, int line, const char *expression);
void check_integer(
    long long actual, long long expected, const char *file, int line, const char *expression, const char *wanted);
void check_text(const char *actual, const char *expected, const char *file, int line, const char *expression);
int32_t check_descriptor(int64_t descriptor, const char *file, int line, const char *expression);

/// Names the row of a table that the following checks belong to; NULL for none. The text must stay.
void check_row(const char *row);

/// A test: a name to be printed when it fails or hangs, and what it does.
struct check_test {
    const char *name;
    void (*run)(void);
};

/// Runs tests up to one without a name, each of which must leave as many open descriptors as it found.
void check_run(const struct check_test *tests);

/// Starts the watchdog, which ends the program after 60 seconds.
void check_begin(void);

/// Prints how many checks held and gives the exit status.
int check_end(const char *program);

#ifdef __cplusplus
}
#endif

#endif
