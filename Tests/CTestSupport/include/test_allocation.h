#ifndef MINATO_TEST_ALLOCATION_H
#define MINATO_TEST_ALLOCATION_H

#include <stdint.h>

/// How many bytes the process has from the allocator and has not given back; -1 where that is not known. See mallinfo(3).
int64_t minato_test_allocated(void);

#endif
