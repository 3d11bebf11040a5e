#include "minato/base.h"

#define MINATO_TEXT_(x) #x
#define MINATO_TEXT(x) MINATO_TEXT_(x)

int32_t minato_version(void) {
    return MINATO_VERSION;
}

const char *minato_version_text(void) {
    return MINATO_TEXT(MINATO_VERSION_MAJOR) "." MINATO_TEXT(MINATO_VERSION_MINOR) "." MINATO_TEXT(
        MINATO_VERSION_PATCH);
}
