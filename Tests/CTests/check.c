#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "minato/error.h"

static size_t check_count;
static size_t test_count;
static const char *volatile current_test = "";
static const char *current_row;

static void fail(const char *file, int line, const char *expression) {
    fflush(stdout);
    fprintf(stderr, "%s:%d: in %s", file, line, current_test);
    if (current_row != NULL) fprintf(stderr, " (%s)", current_row);
    fprintf(stderr, ": %s\n", expression);
}

/// Without the exit handlers: a failed test has left much behind, which a leak checker need not list.
static void give_up(void) {
    fflush(stderr);
    _exit(1);
}

void check_true(bool holds, const char *file, int line, const char *expression) {
    check_count += 1;
    if (holds) return;
    fail(file, line, expression);
    give_up();
}

static void print_number(const char *label, long long number) {
    const char *name = number < 0 && number > -4096 ? minato_error_name((int32_t)number) : NULL;
    fprintf(stderr, "    %s %lld%s%s\n", label, number, name == NULL ? "" : " -", name == NULL ? "" : name);
}

void check_integer(
    long long actual, long long expected, const char *file, int line, const char *expression, const char *wanted) {
    check_count += 1;
    if (actual == expected) return;
    fail(file, line, expression);
    print_number("is       ", actual);
    print_number("should be", expected);
    fprintf(stderr, "    that is   %s\n", wanted);
    give_up();
}

void check_text(const char *actual, const char *expected, const char *file, int line, const char *expression) {
    check_count += 1;
    if (actual == expected || (actual != NULL && expected != NULL && strcmp(actual, expected) == 0)) return;
    fail(file, line, expression);
    fprintf(stderr, "    is        \"%s\"\n", actual == NULL ? "(NULL)" : actual);
    fprintf(stderr, "    should be \"%s\"\n", expected == NULL ? "(NULL)" : expected);
    give_up();
}

int32_t check_descriptor(int64_t descriptor, const char *file, int line, const char *expression) {
    check_count += 1;
    int flags = descriptor < 0 ? -1 : fcntl((int)descriptor, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) != 0) return (int32_t)descriptor;
    fail(file, line, expression);
    print_number(flags < 0 ? "is no descriptor:" : "is not close-on-exec:", (long long)descriptor);
    give_up();
    return -1;
}

void check_row(const char *row) {
    current_row = row;
}

static int open_descriptors(void) {
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    if (directory == NULL) return -1;
    while (readdir(directory) != NULL) count += 1;
    closedir(directory);
    return count;
}

void check_run(const struct check_test *tests) {
    for (; tests->name != NULL; tests += 1) {
        int before = open_descriptors();
        current_test = tests->name;
        tests->run();
        current_row = "descriptors left open";
        CHECK_INT(open_descriptors(), before);
        current_row = NULL;
        test_count += 1;
    }
}

static void bark(int number) {
    (void)number;
    static const char message[] = "watchdog: 60 seconds are over in ";
    // Nothing can be done about a failing write here.
    ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
    ignored = write(STDERR_FILENO, current_test, strlen(current_test));
    ignored = write(STDERR_FILENO, "\n", 1);
    (void)ignored;
    _exit(1);
}

void check_begin(void) {
    struct sigaction action = {.sa_handler = bark};
    sigaction(SIGALRM, &action, NULL);
    alarm(60);
    // Whoever starts the tests may ignore SIGPIPE; here it shall kill.
    signal(SIGPIPE, SIG_DFL);
}

int check_end(const char *program) {
    alarm(0);
    printf("%s: %zu checks in %zu tests passed\n", program, check_count, test_count);
    return check_count > 0 ? 0 : 1;
}
