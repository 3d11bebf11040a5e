#ifndef MINATO_TEST_ENVIRONMENT_H
#define MINATO_TEST_ENVIRONMENT_H

#include <stdint.h>

/// How many variables that name proxies this process had when it began: they were removed before `main`.
int32_t minato_test_removed_proxies(void);

#endif
