// curl-fetch URL [--concurrency N] [--seconds S] [--ca FILE] [--close] [--identity] [--stream] [--read] [--once]: libcurl's multi
// interface on a bare epoll loop, with N easy handles that are set up once and used again: as much as a C programmer would do,
// and no more. It looks at a body by pieces in any case (--stream, --read).
//
// It makes every handle's first request, prints "ready", waits for a line, then requests for S seconds and prints what it did
// as JSON. With --once it makes one request and ends.
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

struct fetch {
    CURLM *multi;
    int poller;
    int64_t timer; // when libcurl wants to be called, or INT64_MAX
    int64_t end;   // when no request begins any more
    long under_way;
    long requests;
    long errors;
    int64_t bytes;
    long lines;
    bool is_running;
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context) {
    (void)bytes;
    ((struct fetch *)context)->bytes += (int64_t)(size * count);
    return size * count;
}

static size_t take_head(char *line, size_t size, size_t count, void *context) {
    (void)line;
    ((struct fetch *)context)->lines += 1;
    return size * count;
}

static int watch(CURL *easy, curl_socket_t socket, int interest, void *context, void *known) {
    (void)easy;
    struct fetch *fetch = context;
    struct epoll_event event = {.data.fd = socket};
    if (interest & CURL_POLL_IN) event.events |= EPOLLIN;
    if (interest & CURL_POLL_OUT) event.events |= EPOLLOUT;
    if (interest == CURL_POLL_REMOVE) {
        epoll_ctl(fetch->poller, EPOLL_CTL_DEL, socket, NULL);
    } else if (known) {
        epoll_ctl(fetch->poller, EPOLL_CTL_MOD, socket, &event);
    } else {
        epoll_ctl(fetch->poller, EPOLL_CTL_ADD, socket, &event);
        curl_multi_assign(fetch->multi, socket, fetch);
    }
    return 0;
}

static int set_timer(CURLM *multi, long milliseconds, void *context) {
    (void)multi;
    ((struct fetch *)context)->timer = milliseconds < 0 ? INT64_MAX : now() + milliseconds * 1000000;
    return 0;
}

static void act(struct fetch *fetch, curl_socket_t socket, int events) {
    int running;
    curl_multi_socket_action(fetch->multi, socket, events, &running);
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(fetch->multi, &left))) {
        CURL *easy = message->easy_handle;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (message->data.result != CURLE_OK || status != 200) fetch->errors += 1;
        fetch->requests += 1;
        curl_multi_remove_handle(fetch->multi, easy);
        fetch->under_way -= 1;
        if (fetch->is_running && now() < fetch->end) {
            curl_multi_add_handle(fetch->multi, easy);
            fetch->under_way += 1;
        }
    }
}

/// Runs until nothing is under way.
static void run(struct fetch *fetch) {
    struct epoll_event events[64];
    while (fetch->under_way > 0) {
        int64_t left = fetch->timer == INT64_MAX ? -1 : (fetch->timer - now() + 999999) / 1000000;
        int count = epoll_wait(fetch->poller, events, 64, left < 0 && fetch->timer != INT64_MAX ? 0 : (int)left);
        for (int i = 0; i < count; i++) {
            int flags = 0;
            if (events[i].events & (EPOLLIN | EPOLLHUP)) flags |= CURL_CSELECT_IN;
            if (events[i].events & EPOLLOUT) flags |= CURL_CSELECT_OUT;
            if (events[i].events & EPOLLERR) flags |= CURL_CSELECT_ERR;
            act(fetch, events[i].data.fd, flags);
        }
        if (fetch->timer <= now()) {
            fetch->timer = INT64_MAX;
            act(fetch, CURL_SOCKET_TIMEOUT, 0);
        }
    }
}

int main(int count, char **arguments) {
    struct fetch fetch = {.timer = INT64_MAX};
    const char *url = NULL;
    const char *ca = NULL;
    int concurrency = 1;
    double seconds = 1;
    bool closes = false;
    bool is_identity = false;
    bool is_once = false;
    for (int i = 1; i < count; i++) {
        const char *word = arguments[i];
        const char *value = i + 1 < count ? arguments[i + 1] : "";
        if (strcmp(word, "--close") == 0) {
            closes = true;
        } else if (strcmp(word, "--identity") == 0) {
            is_identity = true;
        } else if (strcmp(word, "--once") == 0) {
            is_once = true;
        } else if (strcmp(word, "--concurrency") == 0) {
            concurrency = atoi(value);
            i += 1;
        } else if (strcmp(word, "--seconds") == 0) {
            seconds = atof(value);
            i += 1;
        } else if (strcmp(word, "--ca") == 0) {
            ca = value;
            i += 1;
        } else if (strcmp(word, "--stream") != 0 && strcmp(word, "--read") != 0) {
            url = word;
        }
    }
    if (!url || concurrency < 1) {
        fprintf(
            stderr, "usage: curl-fetch URL [--concurrency N] [--seconds S] [--ca FILE] [--close] [--identity]"
                    " [--stream] [--read] [--once]\n");
        return 64;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    fetch.poller = epoll_create1(EPOLL_CLOEXEC);
    fetch.multi = curl_multi_init();
    curl_multi_setopt(fetch.multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(fetch.multi, CURLMOPT_SOCKETDATA, &fetch);
    curl_multi_setopt(fetch.multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(fetch.multi, CURLMOPT_TIMERDATA, &fetch);
    curl_multi_setopt(fetch.multi, CURLMOPT_MAXCONNECTS, 100L);

    // The fields that ours sends, of the same length: libcurl's time for a request is much by the byte of them.
    struct curl_slist *fields = curl_slist_append(NULL, "User-Agent: curler/0.1.0");
    fields = curl_slist_append(fields, "Accept:");
    int features = curl_version_info(CURLVERSION_NOW)->features;
    bool has_all = features & CURL_VERSION_BROTLI && features & CURL_VERSION_ZSTD;
    const char *encodings = has_all ? "Accept-Encoding: gzip, deflate, br, zstd" : "Accept-Encoding: gzip, deflate";
    fields = curl_slist_append(fields, is_identity ? "Accept-Encoding: identity" : encodings);
    if (closes) fields = curl_slist_append(fields, "Connection: close");
    bool is_tls = strncmp(url, "https:", 6) == 0;
    CURL **handles = calloc((size_t)concurrency, sizeof *handles);
    for (int i = 0; i < concurrency; i++) {
        CURL *easy = curl_easy_init();
        handles[i] = easy;
        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fields);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &fetch);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, &fetch);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, is_identity ? 262144L : 16384L);
        curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, is_identity ? 0L : 1L);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, is_tls ? 1L : 0L);
        if (ca) curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
    }
    // Twice: once to warm up, once to measure.
    for (int phase = 0; phase < 2; phase++) {
        fetch.is_running = phase == 1;
        fetch.requests = fetch.bytes = 0;
        if (fetch.is_running) {
            puts("ready");
            fflush(stdout);
            if (getchar() == EOF) return EXIT_FAILURE;
            fetch.end = now() + (int64_t)(seconds * 1e9);
        }
        for (int i = 0; i < concurrency; i++) {
            curl_multi_add_handle(fetch.multi, handles[i]);
            fetch.under_way += 1;
        }
        run(&fetch);
        if (is_once) return fetch.errors == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    printf(
        "{\"requests\": %ld, \"bytes\": %lld, \"errors\": %ld}\n", fetch.requests, (long long)fetch.bytes,
        fetch.errors);
    fflush(stdout);
    // The runner looks at what it used before it goes.
    while (getchar() != EOF) {
    }
    return EXIT_SUCCESS;
}
