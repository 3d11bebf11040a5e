#ifndef CROWD_H
#define CROWD_H

#include <stdint.h>

#define SECOND INT64_C(1000000000)

enum kind { IDLE, SLOW, DEAF, TALKER };

struct client {
    enum kind kind;
    int descriptor, progress, received;
    int64_t begun, sent_at, last_sent;
};

/// CLOCK_MONOTONIC in nanoseconds.
int64_t now(void);

/// A connection to a port of this machine, -1 when there is none; with the smallest buffers for one that will not read.
int connected(int port, int is_deaf);

#endif
