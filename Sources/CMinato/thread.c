#include "minato/thread.h"

#include <stddef.h>

static _Thread_local void *thread_value = NULL;

void *minato_thread_value(void) {
    return thread_value;
}

void minato_thread_set_value(void *value) {
    thread_value = value;
}
