#include "histogram.h"

// A number of up to 6 bits is its own bucket. Of a longer one the leading 7 bits count, of which the first is always set,
// and by how much it had to be shifted for them: that makes 64 buckets for each shift.

static unsigned int bucket(uint64_t value) {
    if (value < HISTOGRAM_STEPS) return (unsigned int)value;
    unsigned int shift = 57 - (unsigned int)__builtin_clzll(value);
    unsigned int index = (shift + 1) * HISTOGRAM_STEPS + (unsigned int)(value >> shift) - HISTOGRAM_STEPS;
    return index < HISTOGRAM_BUCKETS ? index : HISTOGRAM_BUCKETS - 1;
}

/// The middle of a bucket.
static double value(unsigned int bucket) {
    if (bucket < HISTOGRAM_STEPS) return bucket;
    unsigned int shift = bucket / HISTOGRAM_STEPS - 1;
    return (bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS + 0.5) * (double)(1ULL << shift);
}

void histogram_add(struct histogram *histogram, uint64_t nanoseconds) {
    histogram->counts[bucket(nanoseconds)] += 1;
    histogram->total += 1;
}

double histogram_percentile(const struct histogram *histogram, double share) {
    uint64_t seen = 0;
    for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > 0 && (double)seen >= share * (double)histogram->total) return value(i);
    }
    return 0;
}
