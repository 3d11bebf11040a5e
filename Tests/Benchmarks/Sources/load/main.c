/// load: the clients of every benchmark. One thread, never blocking while it measures, to servers on this machine only.
///
/// SPDX-License-Identifier: Apache-2.0
#include "load.h"
#include "options.h"
#include "pattern.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

static struct load load;

static void out_of_time(int signal) {
    (void)signal;
    static const char text[] = "load: out of time\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(3);
    _exit(2);
}

/// Waits for a line on standard input, or for its end.
static void wait_for(bool a_line) {
    int character;
    do {
        character = getchar();
    } while (character != EOF && !(a_line && character == '\n'));
}

static void raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void report(uint64_t nanoseconds) {
    double seconds = (double)nanoseconds / 1e9;
    printf(
        "{\"messages\": %llu, \"seconds\": %.6f, \"rate\": %.1f, \"p50\": %.2f, \"p99\": %.2f, \"p999\": %.2f, "
        "\"errors\": %llu, \"lost\": %llu}\n",
        (unsigned long long)load.done, seconds, (double)load.done / seconds,
        histogram_percentile(&load.latencies, 0.5) / 1e3, histogram_percentile(&load.latencies, 0.99) / 1e3,
        histogram_percentile(&load.latencies, 0.999) / 1e3, (unsigned long long)load.errors,
        (unsigned long long)load.lost);
    fflush(stdout);
}

int main(int argument_count, char **arguments) {
    options_read(&load, argument_count, arguments);
    signal(SIGALRM, out_of_time);
    alarm(load.limit);
    raise_limit();
    pattern_make();
    load.poller = epoll_create1(EPOLL_CLOEXEC);
    if (load.poller < 0) load_give_up("epoll_create1");

    load.mode->open(&load);
    if (load.hold || load.idle) {
        puts("ready");
        fflush(stdout);
        wait_for(!load.idle);
    }
    if (load.idle) return EXIT_SUCCESS;

    uint64_t begin = load_now();
    load.end = begin + (uint64_t)(load.seconds * 1e9);
    load.mode->run(&load);
    report(load_now() - begin);
    if (load.hold) wait_for(false);
    return load.errors > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
