/// The C face of the opener called wrongly, and by several threads.
///
///     api_test HTTP_PORT SILENT_PORT SLOW_PORT
///
/// At the first port everything is answered, at the second nobody answers, and at the third a response begins and never ends.
#include <minato/url.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks;

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool holds, const char *what, int line) {
    __atomic_add_fetch(&checks, 1, __ATOMIC_RELAXED);
    if (holds) return;
    fprintf(stderr, "api_test.c:%d: does not hold: %s\n", line, what);
    exit(1);
}

static char at_http[64], at_silent[64], at_slow[64];

static minato_url *made(minato_url_opener *opener) {
    minato_url *url = NULL;
    CHECK(minato_url_create(opener, &url) == 0 && url != NULL);
    return url;
}

static int32_t opened(minato_url *url, const char *text) {
    return minato_url_open(url, text, strlen(text));
}

/// Whether the line about the last failure contains a word.
static bool says(minato_url *url, const char *word) {
    char text[512];
    return minato_url_error_text(url, text, sizeof text) > 0 && strstr(text, word) != NULL;
}

static void test_library(void) {
    CHECK(minato_url_version() == MINATO_VERSION);
    CHECK(strlen(minato_url_version_text()) >= 5);
    CHECK(strcmp(minato_url_error_name(MINATO_URL_TIMED_OUT), "MINATO_URL_TIMED_OUT") == 0);
    CHECK(strcmp(minato_url_error_name(-MINATO_URL_TRANSPORT), "MINATO_URL_TRANSPORT") == 0);
    CHECK(minato_url_error_name(0) == NULL && minato_url_error_name(19) == NULL);
    CHECK(minato_url_error_name(INT32_MAX) == NULL && minato_url_error_name(INT32_MIN) == NULL);
}

/// Every function with a handle that is none.
static void refuses(minato_url_opener *opener, minato_url *url) {
    const int32_t bad = -MINATO_URL_BAD_HANDLE;
    char text[8];
    minato_url *other = url;
    CHECK(minato_url_opener_add_credentials(opener, "h", 1, NULL, 0, "u", 1, "p", 1) == bad);
    CHECK(minato_url_opener_set_trust(opener, "/", 1) == bad);
    CHECK(minato_url_opener_set_proxy(opener, "h", 1) == bad);
    CHECK(minato_url_opener_set_redirects(opener, false) == bad);
    if (opener != NULL) CHECK(minato_url_create(opener, &other) == bad && other == NULL);
    CHECK(minato_url_cancel(url) == bad);
    CHECK(minato_url_set_method(url, "GET", 3) == bad);
    CHECK(minato_url_add_header(url, "A", 1, "b", 1, false) == bad);
    CHECK(minato_url_set_body(url, "x", 1) == bad);
    CHECK(minato_url_set_timeout(url, 1) == bad);
    CHECK(minato_url_set_deadline(url, 1) == bad);
    CHECK(minato_url_set_limit(url, 1) == bad);
    CHECK(opened(url, "data:,x") == bad);
    CHECK(minato_url_read(url, text, sizeof text) == bad);
    CHECK(minato_url_read_some(url, text, sizeof text) == bad);
    CHECK(minato_url_status(url) == bad);
    CHECK(minato_url_reason(url, text, sizeof text) == bad);
    CHECK(minato_url_location(url, text, sizeof text) == bad);
    CHECK(minato_url_header(url, "A", 1, text, sizeof text) == bad);
    CHECK(minato_url_header_count(url) == bad);
    CHECK(minato_url_header_name(url, 0, text, sizeof text) == bad);
    CHECK(minato_url_header_value(url, 0, text, sizeof text) == bad);
    CHECK(minato_url_error_text(url, text, sizeof text) == bad);
    minato_url_close(url);
    minato_url_opener_close(opener);
}

static void test_handles(void) {
    minato_url_opener *opener = NULL;
    CHECK(minato_url_opener_create(&opener) == 0 && opener != NULL);
    minato_url *url = made(opener);
    refuses(NULL, NULL);
    // Each is of the other kind, and closing it as such does nothing.
    refuses((minato_url_opener *)(void *)url, (minato_url *)(void *)opener);
    CHECK(opened(url, "data:,x") == 0);
    // What was made with an opener works on without it.
    minato_url_opener_close(opener);
    CHECK(opened(url, "data:,y") == 0);
    minato_url_close(url);
    refuses(opener, url);
    // No name is used twice.
    minato_url_opener *another;
    CHECK(minato_url_opener_create(&another) == 0);
    minato_url *next = made(another);
    refuses(opener, url);
    CHECK(opened(next, "data:,z") == 0);
    minato_url_close(next);
    minato_url_opener_close(another);
    // An address of the program's is no handle either.
    refuses((minato_url_opener *)(void *)at_http, (minato_url *)(void *)at_http);
    CHECK(minato_url_opener_create(NULL) == -MINATO_URL_BAD_ARGUMENT);
    CHECK(minato_url_create(NULL, NULL) == -MINATO_URL_BAD_ARGUMENT);
}

static void test_arguments(void) {
    const int32_t bad = -MINATO_URL_BAD_ARGUMENT;
    minato_url_opener *opener = NULL;
    CHECK(minato_url_opener_create(&opener) == 0);
    minato_url *url = made(opener);
    CHECK(minato_url_open(url, NULL, 3) == bad && says(url, "NULL"));
    CHECK(minato_url_open(url, "data:,x", SIZE_MAX) == bad && says(url, "too large"));
    CHECK(minato_url_open(url, "data:\0x", 7) == bad && says(url, "NUL"));
    CHECK(minato_url_open(url, "data:,\xff", 7) == bad && says(url, "UTF-8"));
    CHECK(minato_url_open(url, "", 0) == -MINATO_URL_BAD_URL);
    CHECK(minato_url_open(url, NULL, 0) == -MINATO_URL_BAD_URL);
    CHECK(minato_url_set_method(url, "G T", 3) == -MINATO_URL_BAD_REQUEST);
    CHECK(minato_url_set_method(url, NULL, 1) == bad);
    CHECK(minato_url_add_header(url, "A", 1, "b\r\nC: d", 7, false) == -MINATO_URL_BAD_REQUEST);
    CHECK(
        minato_url_add_header(url, "Authorization", 13, "secret\n", 7, true) == -MINATO_URL_BAD_REQUEST &&
        !says(url, "secret"));
    CHECK(minato_url_add_header(url, "Content-Length", 14, "1", 1, false) == -MINATO_URL_BAD_REQUEST);
    CHECK(minato_url_add_header(url, "A", 1, "b", SIZE_MAX, false) == bad);
    CHECK(minato_url_set_body(url, NULL, 1) == bad && minato_url_set_body(url, "x", SIZE_MAX) == bad);
    CHECK(minato_url_set_timeout(url, -2) == bad && minato_url_set_deadline(url, INT64_MIN) == bad);
    CHECK(minato_url_set_limit(url, -2) == bad);
    CHECK(minato_url_set_timeout(url, INT64_MAX) == 0 && minato_url_set_deadline(url, INT64_MAX) == 0);
    CHECK(minato_url_opener_set_proxy(opener, "gopher://h", 10) == -MINATO_URL_BAD_PROXY);
    CHECK(minato_url_opener_set_proxy(opener, "a\0b", 3) == bad && minato_url_opener_set_trust(opener, NULL, 1) == bad);
    CHECK(minato_url_opener_add_credentials(opener, "", 0, NULL, 0, "u", 1, "p", 1) == -MINATO_URL_BAD_URL);
    CHECK(minato_url_opener_add_credentials(opener, "h", 1, NULL, 0, "u:v", 3, "p", 1) == -MINATO_URL_BAD_CREDENTIALS);
    CHECK(minato_url_opener_add_credentials(opener, "h", 1, NULL, 1, "u", 1, "p", 1) == bad);
    CHECK(minato_url_opener_add_credentials(opener, "h", 1, NULL, 0, "u", 1, "\xff", 1) == bad);
    CHECK(opened(url, "gopher://h/") == -MINATO_URL_UNSUPPORTED_SCHEME);
    minato_url_close(url);
    minato_url_opener_close(opener);
}

static void test_response(void) {
    minato_url *url = made(NULL);
    char text[16];
    CHECK(minato_url_status(url) == -MINATO_URL_NOT_OPEN && minato_url_read(url, text, 1) == -MINATO_URL_NOT_OPEN);
    CHECK(minato_url_header_count(url) == -MINATO_URL_NOT_OPEN);
    CHECK(opened(url, "data:text/plain;x=yz,hello,%20world") == 0);
    CHECK(minato_url_status(url) == 200);
    CHECK(minato_url_header(url, "CONTENT-type", 12, text, sizeof text) == 15 && strcmp(text, "text/plain;x=yz") == 0);
    CHECK(minato_url_header(url, "Content-Type", 12, text, 5) == 15 && strcmp(text, "text") == 0);
    CHECK(minato_url_header(url, "Content-Type", 12, NULL, 0) == 15);
    CHECK(minato_url_header(url, "Content-Type", 12, text, 1) == 15 && *text == '\0');
    CHECK(minato_url_header(url, "Content-Type", 12, NULL, 1) == -MINATO_URL_BAD_ARGUMENT);
    CHECK(minato_url_header(url, "Content-Type", 12, text, SIZE_MAX) == -MINATO_URL_BAD_ARGUMENT);
    CHECK(minato_url_header(url, "Nothing", 7, text, sizeof text) == -MINATO_URL_NO_HEADER);
    CHECK(minato_url_header_name(url, SIZE_MAX, text, sizeof text) == -MINATO_URL_NO_HEADER);
    CHECK(minato_url_header_value(url, (size_t)minato_url_header_count(url), text, 1) == -MINATO_URL_NO_HEADER);
    CHECK(minato_url_read(url, NULL, 1) == -MINATO_URL_BAD_ARGUMENT);
    CHECK(minato_url_read(url, text, SIZE_MAX) == -MINATO_URL_BAD_ARGUMENT);
    CHECK(minato_url_read(url, NULL, 0) == 0);
    CHECK(minato_url_read(url, text, 5) == 5 && memcmp(text, "hello", 5) == 0);
    CHECK(minato_url_read_some(url, text, sizeof text) == 7 && memcmp(text, ", world", 7) == 0);
    CHECK(minato_url_read(url, text, sizeof text) == 0 && minato_url_read_some(url, text, 1) == 0);
    // A limit below what has been read.
    CHECK(opened(url, "data:text/html,abcd") == 0 && minato_url_read(url, text, 3) == 3);
    CHECK(minato_url_set_limit(url, 1) == 0 && minato_url_read(url, text, 1) == -MINATO_URL_LIMIT_EXCEEDED);
    // Another open, and its failure, give up the response before; questions do not write over why it failed.
    CHECK(minato_url_header(url, "Content-Type", 12, text, sizeof text) == 9 && strcmp(text, "text/html") == 0);
    CHECK(minato_url_set_limit(url, 4) == 0 && opened(url, "data:,abcd") == 0);
    CHECK(minato_url_read(url, text, sizeof text) == 4 && minato_url_read(url, text, sizeof text) == 0);
    CHECK(opened(url, "data:,abcde") == 0);
    CHECK(minato_url_read(url, text, 4) == 4 && minato_url_read(url, text, 1) == -MINATO_URL_LIMIT_EXCEEDED);
    CHECK(minato_url_read(url, text, 1) == -MINATO_URL_LIMIT_EXCEEDED && says(url, "limit"));
    CHECK(minato_url_set_limit(url, MINATO_URL_NO_LIMIT) == 0);
    CHECK(opened(url, "x") == -MINATO_URL_BAD_URL && minato_url_status(url) == -MINATO_URL_NOT_OPEN);
    CHECK(minato_url_reason(url, text, sizeof text) == -MINATO_URL_NOT_OPEN && says(url, "badURL"));
    minato_url_close(url);
}

/// What a thread does with a URL, and what came of it.
struct work {
    minato_url_opener *opener;
    minato_url *url;
    const char *text;
    int64_t result;
    bool is_open;
};

static void *open_and_read(void *argument) {
    struct work *work = argument;
    char bytes[4096];
    // Busy: the thread that looks whether this one is, at the very moment.
    do work->result = opened(work->url, work->text);
    while (work->result == -MINATO_URL_BUSY);
    __atomic_store_n(&work->is_open, true, __ATOMIC_RELEASE);
    while (work->result >= 0 || work->result == -MINATO_URL_BUSY) {
        work->result = minato_url_read(work->url, bytes, sizeof bytes);
        if (work->result == 0) break;
    }
    return NULL;
}

/// Waits until the thread is inside the library: whoever else reads is refused then.
static void wait_until_busy(minato_url *url) {
    // In between the other thread has its chance to come in: under valgrind only one runs at a time.
    while (minato_url_read(url, NULL, 0) != -MINATO_URL_BUSY) sched_yield();
}

/// One that blocks, in the open or in the read, is ended from here.
static void ends(const char *text, bool closes) {
    struct work work = {.url = made(NULL), .text = text};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, open_and_read, &work) == 0);
    while (text == at_slow && !__atomic_load_n(&work.is_open, __ATOMIC_ACQUIRE)) {
    }
    wait_until_busy(work.url);
    if (closes)
        minato_url_close(work.url);
    else
        CHECK(minato_url_cancel(work.url) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(work.result == -MINATO_URL_CANCELLED);
    CHECK(opened(work.url, "data:,x") == (closes ? -MINATO_URL_BAD_HANDLE : -MINATO_URL_CANCELLED));
    minato_url_close(work.url);
}

static void test_ending(void) {
    for (int i = 0; i < 4; i++) {
        ends(i % 2 ? at_slow : at_silent, i / 2);
    }
    // Before anything has begun.
    minato_url *url = made(NULL);
    CHECK(minato_url_cancel(url) == 0 && minato_url_cancel(url) == 0);
    CHECK(opened(url, at_silent) == -MINATO_URL_CANCELLED && says(url, "cancelled"));
    minato_url_close(url);
}

static void *fetch_often(void *argument) {
    struct work *work = argument;
    for (int i = 0; i < 20; i++) {
        work->url = made(work->opener);
        open_and_read(work);
        CHECK(work->result == 0 && minato_url_status(work->url) == 200);
        minato_url_close(work->url);
    }
    return NULL;
}

static void test_shared_opener(void) {
    enum { THREADS = 8 };
    minato_url_opener *opener;
    struct work work[THREADS];
    pthread_t threads[THREADS];
    CHECK(minato_url_opener_create(&opener) == 0);
    for (int i = 0; i < THREADS; i++) {
        work[i] = (struct work){.opener = opener, .text = at_http};
        CHECK(pthread_create(&threads[i], NULL, fetch_often, &work[i]) == 0);
    }
    // Settings change meanwhile.
    for (int i = 0; i < 50; i++) CHECK(minato_url_opener_set_redirects(opener, i % 2) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    minato_url_opener_close(opener);
}

int main(int argc, char **argv) {
    if (argc != 4) return 64;
    snprintf(at_http, sizeof at_http, "http://127.0.0.1:%s/300", argv[1]);
    snprintf(at_silent, sizeof at_silent, "http://127.0.0.1:%s/", argv[2]);
    snprintf(at_slow, sizeof at_slow, "http://127.0.0.1:%s/", argv[3]);
    test_library();
    test_handles();
    test_arguments();
    test_response();
    test_ending();
    test_shared_opener();
    printf("%d checks passed\n", checks);
    return 0;
}
