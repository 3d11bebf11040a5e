#ifndef MINATO_TEST_REFUSAL_H
#define MINATO_TEST_REFUSAL_H

#include <stdint.h>

/// From now on no thread of this process can have another descriptor watched by epoll(7): the kernel refuses it with an errno. 0,
/// or `-errno` where that cannot be had. See seccomp(2).
int32_t minato_test_refuse_watching(int32_t error);

#endif
