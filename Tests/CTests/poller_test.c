#define _GNU_SOURCE
#include "minato/poller.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

/// A poller with one end of a pair registered.
struct scene {
    minato_poller *poller;
    int32_t left, right;
    uint64_t registration;
    minato_event event;
};

static int32_t next(struct scene *scene, int64_t deadline) {
    memset(&scene->event, 0x77, sizeof scene->event);
    return minato_poller_wait(scene->poller, &scene->event, 1, deadline);
}

/// Nothing is reported, now or in a moment.
static void check_silent(struct scene *scene) {
    CHECK_INT(next(scene, MINATO_NO_WAIT), 0);
    CHECK_INT(next(scene, fixture_in(2)), 0);
}

static void check_reported(struct scene *scene, uint32_t ready) {
    CHECK_INT(next(scene, fixture_soon()), 1);
    CHECK_INT(scene->event.registration, scene->registration);
    CHECK_INT(scene->event.data, 77);
    CHECK_INT(scene->event.descriptor, scene->left);
    CHECK_INT(scene->event.ready, ready);
}

static void send_byte(struct scene *scene) {
    CHECK_INT(minato_socket_send(scene->right, "x", 1, 0, fixture_soon()), 1);
}

static void drain(struct scene *scene) {
    char bytes[64];
    while (minato_socket_receive(scene->left, bytes, sizeof bytes, 0, MINATO_NO_WAIT) > 0) continue;
}

static void add(struct scene *scene, uint32_t interest) {
    CHECK_INT(minato_poller_add(scene->poller, scene->left, interest, 77, &scene->registration), 0);
    CHECK(scene->registration != MINATO_POLLER_WAKE);
    CHECK_INT(minato_poller_count(scene->poller), 1);
}

static void remove_it(struct scene *scene) {
    CHECK_INT(minato_poller_remove(scene->poller, scene->registration), 0);
    CHECK_INT(minato_poller_count(scene->poller), 0);
    CHECK_INT(minato_poller_remove(scene->poller, scene->registration), -ENOENT);
    CHECK_INT(minato_poller_modify(scene->poller, scene->registration, MINATO_READABLE, 0), -ENOENT);
    CHECK_INT(minato_poller_rearm(scene->poller, scene->registration), -ENOENT);
}

static void level_triggered(struct scene *scene) {
    add(scene, MINATO_READABLE);
    check_silent(scene);
    send_byte(scene);
    for (int i = 0; i < 3; i += 1) check_reported(scene, MINATO_READABLE);
    // Rearming means nothing here.
    CHECK_INT(minato_poller_rearm(scene->poller, scene->registration), 0);
    check_reported(scene, MINATO_READABLE);
    drain(scene);
    check_silent(scene);
    CHECK_INT(minato_poller_modify(scene->poller, scene->registration, MINATO_READABLE | MINATO_WRITABLE, 77), 0);
    check_reported(scene, MINATO_WRITABLE);
    send_byte(scene);
    check_reported(scene, MINATO_READABLE | MINATO_WRITABLE);
    CHECK_INT(minato_poller_modify(scene->poller, scene->registration, 0, 77), 0);
    check_silent(scene);
    CHECK_INT(minato_poller_modify(scene->poller, scene->registration, MINATO_READABLE, 78), 0);
    CHECK_INT(next(scene, fixture_soon()), 1);
    CHECK_INT(scene->event.data, 78);
    remove_it(scene);
    check_silent(scene);
}

static void edge_triggered(struct scene *scene) {
    add(scene, MINATO_READABLE | MINATO_EDGE_TRIGGERED);
    check_silent(scene);
    for (int i = 0; i < 3; i += 1) {
        send_byte(scene);
        check_reported(scene, MINATO_READABLE);
        check_silent(scene);
        drain(scene);
        CHECK_INT(minato_poller_rearm(scene->poller, scene->registration), 0);
        check_silent(scene);
    }
    // Ready before it is registered counts as an edge.
    remove_it(scene);
    send_byte(scene);
    add(scene, MINATO_READABLE | MINATO_EDGE_TRIGGERED);
    check_reported(scene, MINATO_READABLE);
    check_silent(scene);
    // And so does a change.
    CHECK_INT(
        minato_poller_modify(
            scene->poller, scene->registration, MINATO_READABLE | MINATO_WRITABLE | MINATO_EDGE_TRIGGERED, 77),
        0);
    check_reported(scene, MINATO_READABLE | MINATO_WRITABLE);
    check_silent(scene);
    remove_it(scene);
}

static void one_shot(struct scene *scene) {
    add(scene, MINATO_READABLE | MINATO_ONE_SHOT);
    send_byte(scene);
    for (int i = 0; i < 2; i += 1) {
        check_reported(scene, MINATO_READABLE);
        send_byte(scene);
        check_silent(scene);
        CHECK_INT(minato_poller_modify(scene->poller, scene->registration, MINATO_READABLE | MINATO_ONE_SHOT, 77), 0);
    }
    check_reported(scene, MINATO_READABLE);
    CHECK_INT(minato_socket_shutdown(scene->right, SHUT_RDWR), 0);
    // Hang-ups neither.
    check_silent(scene);
    remove_it(scene);
}

static void hang_up(struct scene *scene) {
    add(scene, MINATO_READABLE | MINATO_READ_CLOSED);
    CHECK_INT(minato_socket_shutdown(scene->right, SHUT_WR), 0);
    check_reported(scene, MINATO_READABLE | MINATO_READ_CLOSED);
    CHECK_INT(minato_poller_modify(scene->poller, scene->registration, 0, 77), 0);
    check_silent(scene);
    CHECK_INT(minato_socket_shutdown(scene->right, SHUT_RDWR), 0);
    CHECK_INT(minato_socket_shutdown(scene->left, SHUT_RDWR), 0);
    check_reported(scene, MINATO_HANGUP);
    remove_it(scene);
}

static void refused(struct scene *scene) {
    uint64_t other = 99;
    add(scene, MINATO_READABLE);
    CHECK_INT(minato_poller_add(scene->poller, scene->left, MINATO_WRITABLE, 5, &other), -EEXIST);
    CHECK_INT(other, 0);
    CHECK_INT(minato_poller_count(scene->poller), 1);
    CHECK_INT(minato_poller_add(scene->poller, -1, MINATO_READABLE, 5, &other), -EBADF);
    CHECK_INT(minato_poller_add(scene->poller, scene->right, MINATO_HANGUP << 16, 5, &other), -EINVAL);
    CHECK_INT(minato_poller_add(scene->poller, scene->right, 1u << 31, 5, &other), -EINVAL);
    CHECK_INT(minato_poller_modify(scene->poller, scene->registration, 1u << 31, 5), -EINVAL);
    CHECK_INT(minato_poller_modify(scene->poller, 0, MINATO_READABLE, 5), -ENOENT);
    CHECK_INT(minato_poller_remove(scene->poller, 0), -ENOENT);
    CHECK_INT(minato_poller_remove(scene->poller, UINT64_MAX), -ENOENT);
    CHECK_INT(minato_poller_remove(scene->poller, scene->registration + 1), -ENOENT);
    CHECK_INT(minato_poller_wait(scene->poller, &scene->event, 0, MINATO_NO_WAIT), -EINVAL);
    int32_t closed = CHECK_DESCRIPTOR(minato_socket_duplicate(scene->right));
    fixture_close(closed);
    CHECK_INT(minato_poller_add(scene->poller, closed, MINATO_READABLE, 5, &other), -EBADF);
    CHECK_INT(other, 0);
    // What was there is as it was.
    send_byte(scene);
    check_reported(scene, MINATO_READABLE);
    remove_it(scene);
    // The refused one can be added, with nothing of it left over.
    CHECK_INT(minato_poller_add(scene->poller, scene->right, MINATO_WRITABLE, 5, &other), 0);
    CHECK_INT(next(scene, fixture_soon()), 1);
    CHECK_INT(scene->event.registration, other);
    CHECK_INT(minato_poller_remove(scene->poller, other), 0);
}

static void regular_file(struct scene *scene) {
    uint64_t registration = 99;
    int32_t file = fixture_file(1);
    int32_t result = minato_poller_add(scene->poller, file, MINATO_READABLE, 5, &registration);
    if (minato_poller_backend(scene->poller) == MINATO_POLLER_EPOLL) {
        CHECK_INT(result, -EPERM);
        CHECK_INT(registration, 0);
        CHECK_INT(minato_poller_count(scene->poller), 0);
    } else {
        CHECK_INT(result, 0);
        for (int i = 0; i < 2; i += 1) {
            CHECK_INT(next(scene, fixture_soon()), 1);
            CHECK_INT(scene->event.registration, registration);
            CHECK_INT(scene->event.ready, MINATO_READABLE);
        }
        CHECK_INT(minato_poller_remove(scene->poller, registration), 0);
    }
    fixture_close(file);
}

static void exclusive(struct scene *scene) {
    add(scene, MINATO_READABLE | MINATO_EXCLUSIVE);
    send_byte(scene);
    check_reported(scene, MINATO_READABLE);
    CHECK(minato_poller_modify(scene->poller, scene->registration, MINATO_WRITABLE, 77) < 0);
    // Refused, it stays as it was.
    check_reported(scene, MINATO_READABLE);
    remove_it(scene);
}

static void deadlines(struct scene *scene) {
    add(scene, MINATO_READABLE);
    for (int64_t wait = 1; wait < 20000000; wait *= 7) {
        int64_t deadline = minato_clock_deadline(wait);
        CHECK_INT(next(scene, deadline), 0);
        CHECK(minato_clock_now() >= deadline);
    }
    // A deadline that has passed still reports what is ready.
    send_byte(scene);
    CHECK_INT(next(scene, MINATO_NO_WAIT), 1);
    CHECK_INT(next(scene, 1), 1);
    remove_it(scene);
}

static void *wake_it(void *poller) {
    return (void *)(intptr_t)minato_poller_wake(poller);
}

static void wake(struct scene *scene) {
    add(scene, MINATO_READABLE);
    for (int i = 0; i < 5; i += 1) CHECK_INT(minato_poller_wake(scene->poller), 0);
    for (int i = 0; i < 2; i += 1) {
        CHECK_INT(next(scene, fixture_soon()), 1);
        CHECK_INT(scene->event.registration, MINATO_POLLER_WAKE);
        CHECK_INT(scene->event.descriptor, -1);
        check_silent(scene);
        pthread_t thread;
        void *result;
        if (i == 1) break;
        CHECK_INT(pthread_create(&thread, NULL, wake_it, scene->poller), 0);
        CHECK_INT(pthread_join(thread, &result), 0);
        CHECK_INT((intptr_t)result, 0);
    }
    pthread_t thread;
    void *result;
    CHECK_INT(pthread_create(&thread, NULL, wake_it, scene->poller), 0);
    CHECK_INT(next(scene, MINATO_NO_DEADLINE), 1);
    CHECK_INT(scene->event.registration, MINATO_POLLER_WAKE);
    CHECK_INT(pthread_join(thread, &result), 0);
    // Beside a descriptor that is ready, neither is lost.
    send_byte(scene);
    CHECK_INT(minato_poller_wake(scene->poller), 0);
    int seen = 0;
    for (int i = 0; i < 10 && seen != 3; i += 1) {
        CHECK_INT(next(scene, fixture_soon()), 1);
        seen |= scene->event.registration == MINATO_POLLER_WAKE ? 1 : 2;
    }
    CHECK_INT(seen, 3);
    remove_it(scene);
}

static void many_at_once(struct scene *scene) {
    enum { COUNT = 300 };
    int32_t copies[COUNT];
    uint64_t registration;
    minato_event events[COUNT + 1];
    bool seen[COUNT] = {false};
    send_byte(scene);
    for (int i = 0; i < COUNT; i += 1) {
        copies[i] = CHECK_DESCRIPTOR(minato_socket_duplicate(scene->left));
        CHECK_INT(minato_poller_add(scene->poller, copies[i], MINATO_READABLE, (uint64_t)i, &registration), 0);
    }
    // As many as there is room for, and each once.
    CHECK_INT(minato_poller_wait(scene->poller, events, COUNT - 1, fixture_soon()), COUNT - 1);
    CHECK_INT(minato_poller_wait(scene->poller, events, COUNT + 1, fixture_soon()), COUNT);
    for (int i = 0; i < COUNT; i += 1) {
        CHECK(events[i].data < COUNT && !seen[events[i].data]);
        seen[events[i].data] = true;
        CHECK_INT(events[i].descriptor, copies[events[i].data]);
        CHECK_INT(events[i].ready, MINATO_READABLE);
    }
    for (int i = 0; i < COUNT; i += 1) {
        CHECK_INT(minato_poller_remove(scene->poller, events[i].registration), 0);
        fixture_close(copies[i]);
    }
}

static const struct {
    const char *row;
    void (*run)(struct scene *scene);
} rows[] = {
    {"level-triggered", level_triggered},
    {"edge-triggered", edge_triggered},
    {"one-shot", one_shot},
    {"hang-up", hang_up},
    {"refused", refused},
    {"regular file", regular_file},
    {"exclusive", exclusive},
    {"deadlines", deadlines},
    {"wake", wake},
    {"many at once", many_at_once},
};

static void on_backend(int32_t backend) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        struct scene scene;
        check_row(rows[i].row);
        CHECK_INT(minato_poller_open(backend, &scene.poller), 0);
        CHECK_INT(minato_poller_backend(scene.poller), backend);
        CHECK_INT(minato_poller_count(scene.poller), 0);
        fixture_pair(SOCK_STREAM, &scene.left, &scene.right);
        rows[i].run(&scene);
        minato_poller_close(scene.poller);
        // The registered descriptors stay open.
        fixture_close(scene.left);
        fixture_close(scene.right);
    }
    check_row(NULL);
}

static void on_epoll(void) {
    on_backend(MINATO_POLLER_EPOLL);
}

static void on_poll(void) {
    on_backend(MINATO_POLLER_POLL);
}

const struct check_test poller_tests[] = {
    {"poller on epoll", on_epoll},
    {"poller on poll", on_poll},
    {0},
};
