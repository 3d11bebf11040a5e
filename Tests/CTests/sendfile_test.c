#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

enum { LENGTH = 3000000 };

static bool is_part(const uint8_t *bytes, size_t count, size_t offset) {
    for (size_t i = 0; i < count; i += 1) {
        if (bytes[i] != fixture_byte(offset + i)) return false;
    }
    return true;
}

static void parts(void) {
    static const struct {
        int64_t offset;
        uint64_t count, sent;
    } rows[] = {
        {0, 0, 0},     {0, 1, 1},      {7, 1000, 1000},      {0, UINT64_MAX, 5000}, {4990, 100, 10},
        {5000, 10, 0}, {99999, 10, 0}, {4999, INT64_MAX, 1}, {INT64_MAX, 10, 0},
    };
    int32_t left, right, file = fixture_file(5000);
    fixture_pair(SOCK_STREAM, &left, &right);
    CHECK_INT(lseek(file, 123, SEEK_SET), 123);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        uint8_t buffer[8192];
        uint64_t sent = 99;
        CHECK_INT(minato_socket_send_file(left, file, rows[i].offset, rows[i].count, fixture_soon(), &sent), 0);
        CHECK_INT(sent, rows[i].sent);
        if (sent > 0) CHECK_INT(minato_socket_receive(right, buffer, sizeof buffer, MSG_WAITALL, MINATO_NO_WAIT), sent);
        CHECK(is_part(buffer, sent, (size_t)rows[i].offset));
        CHECK_INT(minato_socket_receive(right, buffer, 1, 0, MINATO_NO_WAIT), -EAGAIN);
    }
    // The file's own position is where it was.
    CHECK_INT(lseek(file, 0, SEEK_CUR), 123);
    uint64_t sent = 99;
    CHECK_INT(minato_socket_send_file(left, file, -1, 1, fixture_soon(), &sent), -EINVAL);
    CHECK_INT(sent, 0);
    CHECK_INT(minato_socket_send_file(left, -1, 0, 1, fixture_soon(), &sent), -EBADF);
    CHECK_INT(minato_socket_send_file(-1, file, 0, 1, fixture_soon(), &sent), -EBADF);
    int ends[2];
    CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
    CHECK_INT(write(ends[1], "x", 1), 1);
    CHECK_INT(minato_socket_send_file(left, ends[0], 0, 1, fixture_soon(), &sent), -ESPIPE);
    CHECK_INT(sent, 0);
    fixture_close(ends[0]);
    fixture_close(ends[1]);
    fixture_close(file);
    fixture_close(left);
    fixture_close(right);
}

/// A file that is made as it is read: sendfile(2) has refused such ones in some kernels.
static void generated_file(void) {
    int32_t left, right, file = CHECK_DESCRIPTOR(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    char sent_bytes[64], file_bytes[64];
    uint64_t sent = 0;
    fixture_pair(SOCK_STREAM, &left, &right);
    CHECK_INT(minato_socket_send_file(left, file, 0, 5, fixture_soon(), &sent), 0);
    CHECK_INT(sent, 5);
    CHECK_INT(minato_socket_receive(right, sent_bytes, sizeof sent_bytes, 0, fixture_soon()), 5);
    CHECK_INT(pread(file, file_bytes, 5, 0), 5);
    CHECK_INT(memcmp(sent_bytes, file_bytes, 5), 0);
    fixture_close(file);
    fixture_close(left);
    fixture_close(right);
}

struct sink {
    int32_t descriptor;
    size_t total;
    bool right;
};

static void *drain(void *argument) {
    struct sink *sink = argument;
    uint8_t buffer[65536];
    int64_t count;
    sink->right = true;
    while ((count = minato_socket_receive(sink->descriptor, buffer, sizeof buffer, 0, fixture_soon())) > 0) {
        sink->right &= is_part(buffer, (size_t)count, sink->total);
        sink->total += (size_t)count;
    }
    return NULL;
}

static void resumes(void) {
    for (int nonblocking = 0; nonblocking <= 1; nonblocking += 1) {
        int32_t descriptor, file = fixture_file(LENGTH);
        struct sink sink = {0};
        uint64_t sent = 0, total = 0;
        fixture_pair(SOCK_STREAM, &descriptor, &sink.descriptor);
        CHECK_INT(minato_socket_set_blocking(descriptor, !nonblocking), 0);
        CHECK_INT(minato_socket_send_file(descriptor, file, 0, LENGTH, fixture_in(20), &sent), -ETIMEDOUT);
        CHECK(sent > 0 && sent < LENGTH);
        total = sent;
        fixture_start_signals();
        CHECK_INT(
            minato_socket_send_file(descriptor, file, (int64_t)total, LENGTH - total, fixture_soon(), &sent), -EINTR);
        fixture_stop_signals();
        total += sent;
        pthread_t thread;
        CHECK_INT(pthread_create(&thread, NULL, drain, &sink), 0);
        CHECK_INT(minato_socket_send_file(descriptor, file, (int64_t)total, LENGTH, fixture_soon(), &sent), 0);
        CHECK_INT(total + sent, LENGTH);
        CHECK_INT(minato_socket_is_blocking(descriptor), !nonblocking);
        fixture_close(descriptor);
        CHECK_INT(pthread_join(thread, NULL), 0);
        CHECK_INT(sink.total, LENGTH);
        CHECK(sink.right);
        fixture_close(sink.descriptor);
        fixture_close(file);
    }
}

const struct check_test sendfile_tests[] = {
    {"send_file: parts", parts},
    {"send_file: generated file", generated_file},
    {"send_file: resumes", resumes},
    {0},
};
