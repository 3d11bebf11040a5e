#ifndef HEAP_H
#define HEAP_H

#include <stdint.h>

/// How many bytes the process has from malloc and has not given back; -1 where the C library does not tell.
int64_t heap_in_use(void);

#endif
