#include "pattern.h"

#include "load.h"

enum { PERIOD = 65521 };

static char bytes[PERIOD + MAX_MESSAGE];

void pattern_make(void) {
    // A linear congruential generator; of its state the upper bits are the better ones.
    uint64_t state = 1;
    for (size_t i = 0; i < PERIOD; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        bytes[i] = (char)(state >> 56);
    }
    for (size_t i = PERIOD; i < sizeof bytes; i++) bytes[i] = bytes[i - PERIOD];
}

const char *pattern_at(uint64_t position) {
    return bytes + position % PERIOD;
}
