/// Latencies by log-linear buckets: 64 to each power of two, so that a percentile is right to 1.6 %.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef BENCHMARKS_HISTOGRAM_H
#define BENCHMARKS_HISTOGRAM_H

#include <stdint.h>

/// Up to 2^40 ns, which is 18 minutes; what is longer counts as that.
enum { HISTOGRAM_STEPS = 64, HISTOGRAM_BUCKETS = 35 * HISTOGRAM_STEPS };

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
};

/// Counts a latency, in nanoseconds.
void histogram_add(struct histogram *histogram, uint64_t nanoseconds);

/// The latency in nanoseconds that this share of all, from 0 to 1, did not exceed; 0 without any.
double histogram_percentile(const struct histogram *histogram, double share);

#endif
