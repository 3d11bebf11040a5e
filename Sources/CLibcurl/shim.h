/// libcurl for Swift: the header, and typed wrappers of what Swift cannot import.
///
/// Swift imports no C variadics, and libcurl's two central calls, curl_easy_setopt and curl_easy_getinfo, are variadic:
/// the type of the third argument follows from the second, and a wrong one is undefined behaviour. Each wrapper below
/// fixes that type once. Options and codes keep libcurl's own names; nothing is mirrored here.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_CLIBCURL_SHIM_H
#define MINATO_CLIBCURL_SHIM_H

#include <curl/curl.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#if LIBCURL_VERSION_NUM < 0x075801
#error "MinatoURL needs libcurl 7.88.1 or newer"
#endif

extern char **environ;

/// A variable of the environment, `NAME=value`, by its number from 0; NULL beyond the last one. libcurl is never let at
/// the environment, so that what it would read there is read here. In C, because Swift's `environ` stops the program when
/// it is NULL, which clearenv(3) makes it.
static inline const char *_Nullable minato_environment_entry(size_t index) {
    return environ == NULL ? NULL : environ[index];
}

/// What the linked libcurl was built with, CURL_VERSION_ZSTD and so on. CURLVERSION_NOW, which curl_version_info(3) takes,
/// is a macro of a kind that Swift does not import.
static inline int minato_curl_features(void) {
    return curl_version_info(CURLVERSION_NOW)->features;
}

/// Whether the TLS library that the linked libcurl uses is OpenSSL.
static inline bool minato_curl_uses_openssl(void) {
    const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;
    return library != NULL && strncmp(library, "OpenSSL/", 8) == 0;
}

/// The version of the linked libcurl, 0x075801 for 7.88.1.
static inline unsigned minato_curl_version_number(void) {
    return curl_version_info(CURLVERSION_NOW)->version_num;
}

/// For options that take a `long` (CURLOPTTYPE_LONG). A Swift `Int` is a C `long` on every Linux.
static inline CURLcode minato_curl_set_long(CURL *_Nonnull easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

/// For options that take a NUL-terminated string, which libcurl copies (CURLOPTTYPE_STRINGPOINT).
static inline CURLcode minato_curl_set_string(CURL *_Nonnull easy, CURLoption option, const char *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

/// Sets a URL that has been read, which libcurl does not copy: it has to outlive the transfer. NULL for none.
static inline CURLcode minato_curl_set_url(CURL *_Nonnull easy, CURLU *_Nullable url) {
    return curl_easy_setopt(easy, CURLOPT_CURLU, url);
}

/// For options that take a list, which libcurl does not copy: it has to outlive the transfer (CURLOPTTYPE_SLISTPOINT).
static inline CURLcode
minato_curl_set_list(CURL *_Nonnull easy, CURLoption option, const struct curl_slist *_Nullable list) {
    return curl_easy_setopt(easy, option, list);
}

/// For options that take bytes, which libcurl copies here (CURLOPTTYPE_BLOB).
static inline CURLcode
minato_curl_set_blob(CURL *_Nonnull easy, CURLoption option, const void *_Nonnull bytes, size_t count) {
    struct curl_blob blob = {.data = (void *)bytes, .len = count, .flags = CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
}

/// For CURLOPT_ERRORBUFFER, which writes up to CURL_ERROR_SIZE bytes into memory that has to outlive the handle.
static inline CURLcode minato_curl_set_error_buffer(CURL *_Nonnull easy, char *_Nullable buffer) {
    return curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, buffer);
}

/// Sets a body of `count` bytes, NUL bytes included, which libcurl copies. The size has to be set before the bytes, or
/// libcurl takes the length with strlen: hence one call for both.
static inline CURLcode minato_curl_set_body(CURL *_Nonnull easy, const void *_Nonnull bytes, curl_off_t count) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, count);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes);
}

/// Sets the function that gives the bytes of the request's body, and the one that goes back in it.
static inline CURLcode minato_curl_set_read_functions(
    CURL *_Nonnull easy, curl_read_callback _Nonnull function, curl_seek_callback _Nonnull seek,
    void *_Nullable context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_READFUNCTION, function);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_READDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_SEEKDATA, context);
    return code;
}

/// For options that take a `curl_off_t` (CURLOPTTYPE_OFF_T).
static inline CURLcode minato_curl_set_offset(CURL *_Nonnull easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

/// Sets the function that receives body bytes. Swift's closure literals convert to `curl_write_callback` only where a
/// parameter has that very type.
static inline CURLcode
minato_curl_set_body_function(CURL *_Nonnull easy, curl_write_callback _Nonnull function, void *_Nullable context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, function);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}

/// Sets the function that receives head lines, one complete line a call.
static inline CURLcode
minato_curl_set_head_function(CURL *_Nonnull easy, curl_write_callback _Nonnull function, void *_Nullable context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, function);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
}

/// Opens a socket close-on-exec: libcurl itself does not, and a program started meanwhile would inherit it.
static inline curl_socket_t minato_curl_open_socket(const struct curl_sockaddr *_Nonnull address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// The bytes of an address, `addrlen` of them, which go beyond the field that is declared for them.
static inline const void *_Nonnull minato_curl_address_bytes(const struct curl_sockaddr *_Nonnull address) {
    return &address->addr;
}

/// Sets the function that opens sockets, or does not: CURL_SOCKET_BAD refuses the address.
static inline CURLcode minato_curl_set_open_function(
    CURL *_Nonnull easy, curl_opensocket_callback _Nonnull function, void *_Nullable context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, function);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context);
}

/// For items that are a `long` (CURLINFO_LONG).
static inline CURLcode minato_curl_get_long(CURL *_Nonnull easy, CURLINFO info, long *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

/// For items that are a `curl_off_t` (CURLINFO_OFF_T).
static inline CURLcode minato_curl_get_offset(CURL *_Nonnull easy, CURLINFO info, curl_off_t *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

/// For items that are a socket (CURLINFO_SOCKET).
static inline CURLcode minato_curl_get_socket(CURL *_Nonnull easy, CURLINFO info, curl_socket_t *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

/// For options of a multi handle that take a `long`.
static inline CURLMcode minato_curl_multi_set_long(CURLM *_Nonnull multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/// What an easy handle belongs to, for `minato_curl_get_context`.
static inline CURLcode minato_curl_set_context(CURL *_Nonnull easy, void *_Nonnull context) {
    return curl_easy_setopt(easy, CURLOPT_PRIVATE, context);
}

/// NULL when none was set.
static inline void *_Nullable minato_curl_get_context(CURL *_Nonnull easy) {
    void *context = NULL;
    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context) == CURLE_OK ? context : NULL;
}

/// For items that are a string (CURLINFO_STRING), which lives as long as the handle is not used again.
static inline CURLcode
minato_curl_get_string(CURL *_Nonnull easy, CURLINFO info, const char *_Nullable *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

/// Sets the function that is told which sockets a multi handle waits for. Swift's closure literals convert to
/// `curl_socket_callback` only where a parameter has that very type.
static inline CURLMcode minato_curl_multi_set_socket_function(
    CURLM *_Nonnull multi, curl_socket_callback _Nonnull function, void *_Nullable context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, function);
    if (code != CURLM_OK) return code;
    return curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
}

/// Sets the function that is told when a multi handle wants to be called at the latest.
static inline CURLMcode minato_curl_multi_set_timer_function(
    CURLM *_Nonnull multi, curl_multi_timer_callback _Nonnull function, void *_Nullable context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, function);
    if (code != CURLM_OK) return code;
    return curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
}

/// Sets the function that closes sockets. A connection keeps it for its whole life: it is called with this context when
/// the easy handle that opened the connection is long gone.
static inline CURLcode minato_curl_set_close_function(
    CURL *_Nonnull easy, curl_closesocket_callback _Nonnull function, void *_Nullable context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, function);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, context);
}

/// Sets the function that is asked before each sending of the request, those that libcurl repeats by itself included.
static inline CURLcode
minato_curl_set_request_function(CURL *_Nonnull easy, curl_prereq_callback _Nonnull function, void *_Nullable context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, function);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(easy, CURLOPT_PREREQDATA, context);
}

/// Sets the function that is told what libcurl does, with CURLOPT_VERBOSE.
static inline CURLcode
minato_curl_set_debug_function(CURL *_Nonnull easy, curl_debug_callback _Nonnull function, void *_Nullable context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, function);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(easy, CURLOPT_DEBUGDATA, context);
}

/// What a transfer asks whether it is to go on, and is not.
static inline int minato_curl_stops(
    void *_Nullable context, curl_off_t total, curl_off_t now, curl_off_t upload_total, curl_off_t upload_now) {
    (void)context, (void)total, (void)now, (void)upload_total, (void)upload_now;
    return 1;
}

/// Has a transfer end with CURLE_ABORTED_BY_CALLBACK, from inside a function that libcurl calls and whose result it does not
/// look at. Whatever it receives until then it keeps back.
static inline void minato_curl_give_up(CURL *_Nonnull easy) {
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, minato_curl_stops);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_pause(easy, CURLPAUSE_RECV);
}

/// What keeps the threads apart that use a share of libcurl, a lock for each kind of data.
struct minato_curl_locks {
    pthread_mutex_t of[CURL_LOCK_DATA_LAST];
};

/// NULL when there is no memory.
static inline struct minato_curl_locks *_Nullable minato_curl_locks_new(void) {
    struct minato_curl_locks *locks = malloc(sizeof *locks);
    for (int data = 0; locks != NULL && data < CURL_LOCK_DATA_LAST; data++) pthread_mutex_init(&locks->of[data], NULL);
    return locks;
}

/// Nobody has one of them.
static inline void minato_curl_locks_free(struct minato_curl_locks *_Nonnull locks) {
    for (int data = 0; data < CURL_LOCK_DATA_LAST; data++) pthread_mutex_destroy(&locks->of[data]);
    free(locks);
}

static inline void
minato_curl_lock(CURL *_Nullable easy, curl_lock_data data, curl_lock_access access, void *_Nullable context) {
    (void)easy;
    (void)access;
    if (context != NULL) pthread_mutex_lock(&((struct minato_curl_locks *)context)->of[data]);
}

static inline void minato_curl_unlock(CURL *_Nullable easy, curl_lock_data data, void *_Nullable context) {
    (void)easy;
    if (context != NULL) pthread_mutex_unlock(&((struct minato_curl_locks *)context)->of[data]);
}

/// A share of TLS sessions and of nothing else; NULL when there is no memory. The locks have to outlive it.
static inline CURLSH *_Nullable minato_curl_share_sessions(struct minato_curl_locks *_Nonnull locks) {
    CURLSH *share = curl_share_init();
    if (share == NULL) return NULL;
    if (curl_share_setopt(share, CURLSHOPT_LOCKFUNC, minato_curl_lock) == CURLSHE_OK &&
        curl_share_setopt(share, CURLSHOPT_UNLOCKFUNC, minato_curl_unlock) == CURLSHE_OK &&
        curl_share_setopt(share, CURLSHOPT_USERDATA, locks) == CURLSHE_OK &&
        curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK) {
        return share;
    }
    curl_share_cleanup(share);
    return NULL;
}

/// Has an easy handle use a share, which has to outlive it.
static inline CURLcode minato_curl_set_share(CURL *_Nonnull easy, CURLSH *_Nonnull share) {
    return curl_easy_setopt(easy, CURLOPT_SHARE, share);
}

/// Whether a descriptor has bytes that nobody has read: of a pair of sockets, or a pipe, the end that is written to knows
/// that too. See SIOCOUTQ in unix(7), FIONREAD in pipe(7).
static inline bool minato_curl_is_unread(int descriptor) {
    int count = 0;
    struct stat status;
    if (fstat(descriptor, &status) != 0) return false;
    unsigned long request = S_ISSOCK(status.st_mode) ? TIOCOUTQ : FIONREAD;
    return ioctl(descriptor, request, &count) == 0 && count > 0;
}

/// Whether there is something to read and the other end is open: that of another thread's pair may be closed at this moment.
static inline bool minato_curl_is_readable(int descriptor) {
    struct pollfd entry = {.fd = descriptor, .events = POLLIN, .revents = 0};
    return poll(&entry, 1, 0) == 1 && entry.revents == POLLIN;
}

/// Whether a descriptor is an eventfd, which has no type.
static inline bool minato_curl_stands_alone(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 && (status.st_mode & S_IFMT) == 0;
}

/// How many of two descriptors are those by which a multi handle wakes itself: both of a pair, or the first, an eventfd. Only
/// they change as it is woken, and again as it notes that: another thread's, which have the numbers by chance, do not.
static inline int minato_curl_count_own(CURLM *_Nonnull multi, const int *_Nonnull pair) {
    if (minato_curl_is_readable(pair[0]) || minato_curl_is_unread(pair[1])) return 0;
    curl_multi_wakeup(multi);
    bool is_first = minato_curl_is_readable(pair[0]), is_second = minato_curl_is_unread(pair[1]);
    curl_multi_poll(multi, NULL, 0, 0, NULL);
    if (!is_first || minato_curl_is_readable(pair[0])) return 0;
    return is_second && !minato_curl_is_unread(pair[1]) ? 2 : 1;
}

/// A new multi handle; NULL when there is no memory or no descriptor left. One thread at a time calls it: together they
/// would have to begin anew more often.
///
/// libcurl wakes itself through a pair of sockets, or a pipe, which programs that are started inherit (curl issue 13618), and
/// tells nobody their numbers: those that were free before. Other threads may open and close files at the same moment, so that
/// they are others, whose descriptors are not touched: then once more.
static inline CURLM *_Nullable minato_curl_multi_open(void) {
    CURLM *multi = NULL;
    for (int attempt = 0; attempt < 256; attempt++) {
        // First, or the next one would have the numbers of the last, and not those that are looked for now.
        curl_multi_cleanup(multi);
        multi = NULL;
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) break;
        close(pair[0]);
        close(pair[1]);
        multi = curl_multi_init();
        if (multi == NULL) break;
        int own = minato_curl_count_own(multi, pair);
        for (int i = 0; i < own; i++) fcntl(pair[i], F_SETFD, FD_CLOEXEC);
        if (own == 2 || (own == 1 && minato_curl_stands_alone(pair[0]))) break;
    }
    return multi;
}

/// A transfer of a multi handle that has ended, and how; NULL when there is none. The message that curl_multi_info_read
/// returns is valid only until the next call on the handle, and its payload is a union: neither should reach Swift.
static inline CURL *_Nullable minato_curl_multi_next_finished(CURLM *_Nonnull multi, CURLcode *_Nonnull result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

/// Whether a descriptor has something to read, or an end, at this moment. An idle HTTP/1 connection that has is not to
/// be used again: either the server has closed it, or it sent bytes that nobody asked for, which the next transfer
/// would take for its response.
static inline bool minato_curl_socket_is_readable(curl_socket_t descriptor) {
    char byte;
    return descriptor >= 0 && recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

/// Makes an idle connection end, with a reset to the peer: libcurl takes one with bytes on it for alive, and one at its end
/// for dead, which it closes.
static inline void minato_curl_end_socket(curl_socket_t descriptor) {
    char bytes[4096];
    ssize_t count;
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    // Disconnects TCP, and drops what it has received (connect(2), tcp(7)); other sockets refuse.
    int ignored = connect(descriptor, &nobody, sizeof nobody);
    (void)ignored;
    shutdown(descriptor, SHUT_RDWR);
    // A Unix socket still has what came before the shutdown; nothing comes after it.
    do {
        count = recv(descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
    } while (count > 0);
}

#endif
