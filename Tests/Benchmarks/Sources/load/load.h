/// What all modes of the load generator share: the options, the budget of messages, what was counted.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef BENCHMARKS_LOAD_H
#define BENCHMARKS_LOAD_H

#include "histogram.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_MESSAGE = 65536, MAX_IN_FLIGHT = 64, EVENT_COUNT = 256 };

struct load;

/// A kind of load. Each function is called once, in this order.
struct mode {
    const char *name;
    /// Opens everything and has one message answered on each connection, so that nothing is measured for the first time.
    void (*open)(struct load *load);
    /// Sends until the budget is spent, and waits for what is in flight.
    void (*run)(struct load *load);
};

extern const struct mode stream_mode;
extern const struct mode connect_mode;
extern const struct mode udp_mode;

struct load {
    const struct mode *mode;
    struct sockaddr_in server;
    int connections;
    size_t bytes;
    int in_flight;
    /// The budget: a number of messages, or when this is 0 a time.
    uint64_t messages;
    double seconds;
    /// Stop when every connection was opened and answered once, until standard input ends.
    bool idle;
    /// Wait for a line on standard input before sending, and for its end behind that.
    bool hold;
    /// Seconds after which the program ends itself.
    unsigned int limit;

    int poller;
    uint64_t end;
    uint64_t granted;
    uint64_t done;
    uint64_t errors;
    uint64_t lost;
    struct histogram latencies;
};

/// Nanoseconds of CLOCK_MONOTONIC.
uint64_t load_now(void);

/// Takes one message from the budget; false when it is spent.
bool load_grant(struct load *load, uint64_t now);

/// Counts a message that was answered.
void load_done(struct load *load, uint64_t sent, uint64_t now);

/// Counts an error, and tells the first one.
void load_error(struct load *load, const char *what);

/// Ends the program: the load cannot be made.
_Noreturn void load_give_up(const char *operation);

/// Registers a descriptor, edge-triggered, once for all.
void load_watch(struct load *load, int descriptor, uint32_t number);

#endif
