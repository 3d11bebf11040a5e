#define _GNU_SOURCE
#include "minato/error.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <string.h>

#include "check.h"
#include "subjects.h"

static void names(void) {
    static const struct {
        int32_t code;
        const char *name;
    } rows[] = {
        {ECONNREFUSED, "ECONNREFUSED"},
        {-ECONNREFUSED, "ECONNREFUSED"},
        {EAGAIN, "EAGAIN"},
        {-EPIPE, "EPIPE"},
        {ETIMEDOUT, "ETIMEDOUT"},
        {0, NULL},
        {12345, NULL},
        {-12345, NULL},
        {INT32_MAX, NULL},
        {INT32_MIN, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        CHECK_TEXT(minato_error_name(rows[i].code), rows[i].name);
    }
}

static void messages(void) {
    static const struct {
        int32_t code;
        const char *message;
    } rows[] = {
        {ECONNREFUSED, "Connection refused"},    {-ECONNREFUSED, "Connection refused"},
        {-ETIMEDOUT, "Connection timed out"},    {12345, "Unknown error 12345"},
        {-12345, "Unknown error 12345"},         {INT32_MAX, "Unknown error 2147483647"},
        {INT32_MIN, "Unknown error 2147483648"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        char buffer[64];
        int32_t length = (int32_t)strlen(rows[i].message);
        memset(buffer, 'x', sizeof buffer);
        CHECK_INT(minato_error_message(rows[i].code, buffer, sizeof buffer), length);
        CHECK_TEXT(buffer, rows[i].message);
        // Cut, but terminated and with the length of the whole.
        memset(buffer, 'x', sizeof buffer);
        CHECK_INT(minato_error_message(rows[i].code, buffer, 5), length);
        CHECK_INT(strlen(buffer), 4);
        CHECK_INT(strncmp(buffer, rows[i].message, 4), 0);
        CHECK_INT(buffer[5], 'x');
        CHECK_INT(minato_error_message(rows[i].code, buffer, 1), length);
        CHECK_TEXT(buffer, "");
        buffer[0] = 'x';
        CHECK_INT(minato_error_message(rows[i].code, buffer, 0), length);
        CHECK_INT(buffer[0], 'x');
    }
}

static void resolver_codes(void) {
    static const struct {
        int32_t code;
        const char *name, *message;
    } rows[] = {
        {EAI_BADFLAGS, "EAI_BADFLAGS", "Bad value for ai_flags"},
        {EAI_NONAME, "EAI_NONAME", "Name or service not known"},
        {EAI_AGAIN, "EAI_AGAIN", "Temporary failure in name resolution"},
        {EAI_FAIL, "EAI_FAIL", "Non-recoverable failure in name resolution"},
        {EAI_FAMILY, "EAI_FAMILY", "ai_family not supported"},
        {EAI_SOCKTYPE, "EAI_SOCKTYPE", "ai_socktype not supported"},
        {EAI_SERVICE, "EAI_SERVICE", "Servname not supported for ai_socktype"},
        {EAI_MEMORY, "EAI_MEMORY", "Memory allocation failure"},
        {EAI_SYSTEM, "EAI_SYSTEM", "System error"},
        {EAI_OVERFLOW, "EAI_OVERFLOW", NULL},
#ifdef __GLIBC__
        {EAI_NODATA, "EAI_NODATA", "No address associated with hostname"},
        {EAI_ADDRFAMILY, "EAI_ADDRFAMILY", "Address family for hostname not supported"},
        {EAI_INPROGRESS, "EAI_INPROGRESS", NULL},
        {EAI_CANCELED, "EAI_CANCELED", NULL},
        {EAI_NOTCANCELED, "EAI_NOTCANCELED", NULL},
        {EAI_ALLDONE, "EAI_ALLDONE", NULL},
        {EAI_INTR, "EAI_INTR", NULL},
        {EAI_IDN_ENCODE, "EAI_IDN_ENCODE", NULL},
#endif
        {4711, NULL, "Unknown error"},
        {0, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        CHECK_TEXT(minato_error_resolver_name(rows[i].code), rows[i].name);
        if (rows[i].message != NULL) CHECK_TEXT(minato_error_resolver_message(rows[i].code), rows[i].message);
        CHECK(minato_error_resolver_message(rows[i].code) != NULL);
    }
}

const struct check_test error_tests[] = {
    {"error: names", names},
    {"error: messages", messages},
    {"error: resolver codes", resolver_codes},
    {0},
};
