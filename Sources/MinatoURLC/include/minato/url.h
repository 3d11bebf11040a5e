/// Opening URLs: http and https with redirects, passwords and proxies, and `data:`.
///
/// The library is `libminatourl`, with a pkg-config file of the same name; it needs `minato/base.h` beside this header, and
/// nothing else of libminato. A program makes a `minato_url`, says what is to be asked for, opens it, reads the body, and
/// closes it:
///
///     minato_url *url;
///     int64_t result = minato_url_create(NULL, &url);
///     if (result >= 0) result = minato_url_open(url, text, strlen(text));
///     if (result >= 0) result = minato_url_read(url, bytes, 300);
///     minato_url_close(url);
///
/// **Result.** `>= 0` is success, `-MINATO_URL_...` is failure. `minato_url_error_text` has a line about it for people.
/// A user name, a password or a sensitive field is never in it.
///
/// **Texts** that go in have a length, are UTF-8, and have no NUL. Those that come out are written into a buffer of the
/// caller's, always NUL-terminated and cut to `capacity`; the result is the length of the whole text without its NUL, so
/// that with `capacity` 0, where `buffer` may be NULL, the length alone is asked for.
///
/// **Handles.** `minato_url` and `minato_url_opener` are names, not addresses: never read what they point to. One that is
/// NULL, was closed or is of the other kind is `-MINATO_URL_BAD_HANDLE` wherever it is given; no name is used twice. Nothing
/// that these functions give out is to be freed but by the two functions that close.
///
/// **Threads.** Every function may be called from any thread, but not from a signal handler. An opener serves any number of
/// threads at once. A `minato_url` is opened and read by one thread at a time (`-MINATO_URL_BUSY` for another), while
/// `minato_url_cancel` and `minato_url_close` may come from any and end the call under way. The thread that calls does all
/// the work; there is no other one but libcurl's for looking up a name. Signal handlers run during a call and do not end it.
/// Nor does pthread_cancel(3): a thread that is cancelled goes when its call has ended.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_URL_H
#define MINATO_URL_H

#include "minato/base.h"

MINATO_BEGIN_DECLARATIONS

/// Why a function of this header failed: it returned the negative of one of these.
///
/// The numbers never change. Later versions may add some.
enum {
    /// A pointer is NULL, a size is negative or too large, a text is not UTF-8 or has a NUL.
    MINATO_URL_BAD_ARGUMENT = 1,
    /// The handle is NULL, was closed, or is of another kind.
    MINATO_URL_BAD_HANDLE = 2,
    /// There is no response: nothing was opened, or that failed before a response came.
    MINATO_URL_NOT_OPEN = 3,
    /// The response has no such header.
    MINATO_URL_NO_HEADER = 4,
    /// Another thread opens or reads at this moment.
    MINATO_URL_BUSY = 5,
    /// `minato_url_cancel` or `minato_url_close` was called, before or during the call.
    MINATO_URL_CANCELLED = 6,
    /// Something failed that has no number here; the text tells.
    MINATO_URL_OTHER = 7,

    /// The URL, or the target of a redirect, cannot be parsed, or has a space, a control or a host that is not ASCII.
    MINATO_URL_BAD_URL = 20,
    /// A method, a header or another part of the request is not what HTTP allows, or is the library's own business.
    MINATO_URL_BAD_REQUEST = 21,
    /// Nobody answers the scheme, or a redirect leads to another one than http and https.
    MINATO_URL_UNSUPPORTED_SCHEME = 22,
    /// A user name or password cannot be sent: a colon in the user name, or a control.
    MINATO_URL_BAD_CREDENTIALS = 23,
    /// The proxy to use is none, or of a kind that is not supported.
    MINATO_URL_BAD_PROXY = 24,

    /// The host name has no address, or no name server answered.
    MINATO_URL_NAME_NOT_FOUND = 30,
    /// Nobody listens at the address (ECONNREFUSED).
    MINATO_URL_CONNECTION_REFUSED = 31,
    /// Connecting failed in another way.
    MINATO_URL_CONNECTION_FAILED = 32,
    /// No address of the host may be connected to.
    MINATO_URL_ADDRESS_REFUSED = 33,
    /// The address or interface to connect from is not there.
    MINATO_URL_SOURCE_UNAVAILABLE = 34,
    /// The server reset the connection.
    MINATO_URL_CONNECTION_RESET = 35,
    /// Nothing moved for as long as the timeout.
    MINATO_URL_TIMED_OUT = 36,
    /// The deadline for everything has passed.
    MINATO_URL_DEADLINE_EXCEEDED = 37,
    /// Less moved than a minimum rate asks for.
    MINATO_URL_TOO_SLOW = 38,
    /// The proxy does not lead to the server, or does not know who asks.
    MINATO_URL_PROXY_REFUSED = 39,

    /// The TLS handshake failed: no common cipher, or the peer does not speak TLS.
    MINATO_URL_TLS_HANDSHAKE_FAILED = 50,
    /// The other side knows old versions of TLS only.
    MINATO_URL_TLS_TOO_OLD = 51,
    /// The certificate is for another name.
    MINATO_URL_TLS_WRONG_NAME = 52,
    /// The certificate has expired, or is not valid yet.
    MINATO_URL_TLS_EXPIRED = 53,
    /// Nobody who is trusted has issued the certificate.
    MINATO_URL_TLS_UNKNOWN_ISSUER = 54,
    /// The certificate was not accepted for another reason.
    MINATO_URL_TLS_PEER_NOT_VERIFIED = 55,
    /// The server's key is none of those that are pinned.
    MINATO_URL_TLS_PIN_MISMATCH = 56,
    /// The server wants a certificate of the program.
    MINATO_URL_TLS_CERTIFICATE_REQUIRED = 57,
    /// The file of certificates cannot be used.
    MINATO_URL_TLS_CONFIGURATION = 58,

    /// The status is outside 200-299, redirects that are not followed included. The response is there and can be read.
    MINATO_URL_HTTP_STATUS = 70,
    /// The connection was closed before one line of a response came.
    MINATO_URL_EMPTY_REPLY = 71,
    /// The response does not begin with a status line of HTTP.
    MINATO_URL_BAD_STATUS_LINE = 72,
    /// A line of the response's head is malformed.
    MINATO_URL_BAD_HEADER = 73,
    /// Two Content-Length that differ.
    MINATO_URL_AMBIGUOUS_LENGTH = 74,
    /// The head has more than 100 lines, or more than 300 KiB.
    MINATO_URL_HEADERS_TOO_LARGE = 75,
    /// The server switched protocols though it was not asked to.
    MINATO_URL_UNEXPECTED_UPGRADE = 76,
    /// The body ended before its Content-Length or its last chunk, or the head before its end.
    MINATO_URL_TRUNCATED = 77,
    /// The chunked coding of the body is broken.
    MINATO_URL_BAD_CHUNK = 78,
    /// A body is not encoded as its Content-Encoding says.
    MINATO_URL_BAD_ENCODING = 79,
    /// More became of an encoded body than is allowed: 1000 times what was received.
    MINATO_URL_DECODED_TOO_LARGE = 80,
    /// The server sent another part of a file than was asked for.
    MINATO_URL_BAD_RANGE = 81,
    /// HTTP/2 framing or a stream failed.
    MINATO_URL_HTTP2_FAILED = 82,
    /// The server did not accept user or password (FTP).
    MINATO_URL_LOGIN_DENIED = 83,
    /// The server has no such file (FTP).
    MINATO_URL_FILE_UNAVAILABLE = 84,
    /// The server said something that FTP does not provide for.
    MINATO_URL_FTP_FAILED = 85,

    /// Credentials are asked for by nothing but malformed challenges. The response can be read.
    MINATO_URL_BAD_CHALLENGE = 90,
    /// Credentials are asked for by nothing but forms of Digest that are not supported. The response can be read.
    MINATO_URL_UNSUPPORTED_CHALLENGE = 91,
    /// More than 10 redirects, or more than 4 to the same URL. The response can be read.
    MINATO_URL_TOO_MANY_REDIRECTS = 92,
    /// The request had to be sent anew more than 50 times.
    MINATO_URL_TOO_MANY_RETRIES = 93,
    /// A redirect leads from https to http. The response can be read.
    MINATO_URL_INSECURE_REDIRECT = 94,
    /// The body is longer than the limit.
    MINATO_URL_LIMIT_EXCEEDED = 95,
    /// What produces a body failed.
    MINATO_URL_BODY_FAILED = 96,
    /// The request would have to be sent again, and its body cannot be.
    MINATO_URL_NOT_RESTARTABLE = 97,
    /// A file could not be read or written.
    MINATO_URL_FILE_FAILED = 98,
    /// The response was closed.
    MINATO_URL_CLOSED = 99,
    /// This process was forked off the one whose event loop is needed.
    MINATO_URL_FORKED = 100,
    /// libcurl failed in a way that has no name here.
    MINATO_URL_TRANSPORT = 101
};

/// No limit: what timeouts, deadlines and the limit of the body are unless they are set.
#define MINATO_URL_NO_LIMIT (-1)

/// What URLs are opened with: passwords, trust, a proxy, and idle connections, which are used again. Opaque.
typedef struct minato_url_opener minato_url_opener;

/// A request, and once it is open, its response. Opaque.
typedef struct minato_url minato_url;

/// The version of libminatourl, in the form of `MINATO_VERSION`.
MINATO_API int32_t minato_url_version(void);

/// The version of libminatourl as text, `"0.1.0"`: static, NUL-terminated, never freed.
MINATO_API const char *minato_url_version_text(void);

/// The name of a code, `"MINATO_URL_TIMED_OUT"`, or NULL for a number that has none.
///
/// `code` may have either sign, so that a result can be passed as it is. The text is static.
MINATO_API const char *MINATO_NULLABLE minato_url_error_name(int32_t code);

/// Makes an opener. `opener` is set to NULL on failure, which is `-MINATO_URL_BAD_ARGUMENT` for NULL alone.
///
/// It has no passwords, trusts the authorities that the system trusts, and takes its proxies from the environment
/// (`http_proxy`, `https_proxy`, `no_proxy`) as it is when the first URL is opened. Whatever is set afterwards counts for what
/// is opened from then on; then, or at the first open, the environment is read again. Python: `build_opener`.
MINATO_API int32_t minato_url_opener_create(minato_url_opener *MINATO_NULLABLE *MINATO_NULLABLE opener);

/// Closes an opener. Its idle connections go as soon as everything that was made with it is closed, too, which works on.
///
/// NULL, and one that is closed, are allowed.
MINATO_API void minato_url_opener_close(minato_url_opener *MINATO_NULLABLE opener);

/// Adds a user name and a password, which answer Basic and Digest challenges (401) of a server for a realm.
///
/// `uri` is the place: they are sent to its scheme, host and port only, for its path and what lies below it. Without a
/// scheme it is taken for https. `realm` has to be the one that the server names; NULL with 0 is for every realm that has no
/// entry of its own. Nothing is sent before the server asks. Of entries that fit, the first added counts; the same realm and
/// place again changes the entry.
///
/// `-MINATO_URL_BAD_URL` for a `uri` that is no place, `-MINATO_URL_BAD_CREDENTIALS` for a user name with a colon, or a
/// control in either. Python: `HTTPPasswordMgrWithDefaultRealm.add_password`. RFC 7617, RFC 7616.
MINATO_API int32_t minato_url_opener_add_credentials(
    minato_url_opener *MINATO_NULLABLE opener, const char *MINATO_NULLABLE uri, size_t uri_count,
    const char *MINATO_NULLABLE realm, size_t realm_count, const char *MINATO_NULLABLE user, size_t user_count,
    const char *MINATO_NULLABLE password, size_t password_count);

/// Trusts the authorities whose certificates (PEM) are in a file, and nobody else's; with 0 bytes, those of the system again.
///
/// The file is read for each connection: one that cannot be used makes opens fail (`MINATO_URL_TLS_CONFIGURATION`).
/// Python: `ssl.SSLContext.load_verify_locations`.
MINATO_API int32_t
minato_url_opener_set_trust(minato_url_opener *MINATO_NULLABLE opener, const char *MINATO_NULLABLE path, size_t count);

/// Sends everything through a proxy, `"http://user:password@host:3128"`, or with 0 bytes through none. The environment is
/// not looked at any more.
///
/// Schemes: http, https (TLS to the proxy), socks5. User name and password are sent to the proxy alone, when it asks.
/// `-MINATO_URL_BAD_PROXY`, `-MINATO_URL_BAD_CREDENTIALS`. Python: `ProxyHandler`.
MINATO_API int32_t
minato_url_opener_set_proxy(minato_url_opener *MINATO_NULLABLE opener, const char *MINATO_NULLABLE proxy, size_t count);

/// Whether redirects are followed. By default they are: at most 10, only to http and https, not from https to http; and
/// passwords do not go along. One that is not followed is `-MINATO_URL_HTTP_STATUS`, with the response.
///
/// Python: `HTTPRedirectHandler`.
MINATO_API int32_t minato_url_opener_set_redirects(minato_url_opener *MINATO_NULLABLE opener, bool follow);

/// Makes a `minato_url`, which asks for nothing yet. `url` is set to NULL on failure.
///
/// `opener` NULL is the one that all share for whom nothing was set.
MINATO_API int32_t
minato_url_create(minato_url_opener *MINATO_NULLABLE opener, minato_url *MINATO_NULLABLE *MINATO_NULLABLE url);

/// Closes a `minato_url`: gives up what it receives, and frees it. Does not wait for the network.
///
/// A call that is under way with it in another thread returns `-MINATO_URL_CANCELLED`, every later one
/// `-MINATO_URL_BAD_HANDLE`. NULL, and one that is closed, are allowed. Python: `close()`.
MINATO_API void minato_url_close(minato_url *MINATO_NULLABLE url);

/// Ends the call that is under way in another thread, and every later open and read: `-MINATO_URL_CANCELLED`.
///
/// For good: what remains is closing it. What is known about the response stays. Does not wait for the network.
MINATO_API int32_t minato_url_cancel(minato_url *MINATO_NULLABLE url);

/// Sets the method, case-sensitive. By default GET, and POST when there is a body. `-MINATO_URL_BAD_REQUEST`.
///
/// This and what else is set counts from the next open on, and for every one after it. Python: `Request(method=...)`.
MINATO_API int32_t
minato_url_set_method(minato_url *MINATO_NULLABLE url, const char *MINATO_NULLABLE method, size_t count);

/// Adds a header to the request, beside others of the same name.
///
/// A `sensitive` one is a secret, as Authorization and Cookie always are: never shown, and dropped when a redirect changes
/// scheme, host or port. `-MINATO_URL_BAD_REQUEST` for what HTTP does not allow, and for what the library writes itself
/// (Content-Length). Python: `Request.add_header`.
MINATO_API int32_t minato_url_add_header(
    minato_url *MINATO_NULLABLE url, const char *MINATO_NULLABLE name, size_t name_count,
    const char *MINATO_NULLABLE value, size_t value_count, bool sensitive);

/// Sets the body of the request: `count` bytes, which are copied; NULL with 0 for none, other than an empty one.
///
/// Sent as `Content-Type: application/x-www-form-urlencoded` unless a header says otherwise. Python: `Request(data=...)`.
MINATO_API int32_t
minato_url_set_body(minato_url *MINATO_NULLABLE url, const void *MINATO_NULLABLE bytes, size_t count);

/// Sets the longest time without any progress, in each step: connecting, waiting for the response, each read of the body.
///
/// Default: `MINATO_URL_NO_LIMIT`, but 30 s to connect. 0 never waits. `-MINATO_URL_BAD_ARGUMENT` for other negative
/// numbers. Python: `urlopen(timeout=...)`.
MINATO_API int32_t minato_url_set_timeout(minato_url *MINATO_NULLABLE url, int64_t nanoseconds);

/// Sets how long everything may take, from the call of open to the end of the body, redirects included.
///
/// Default: `MINATO_URL_NO_LIMIT`. `-MINATO_URL_BAD_ARGUMENT` for other negative numbers. Python has no such thing.
MINATO_API int32_t minato_url_set_deadline(minato_url *MINATO_NULLABLE url, int64_t nanoseconds);

/// Sets how many bytes the body of a response may have, decoded: the read that comes upon more of them is
/// `-MINATO_URL_LIMIT_EXCEEDED`, and so is every later one.
///
/// Default: `MINATO_URL_NO_LIMIT`: each read says how much is wanted. `-MINATO_URL_BAD_ARGUMENT` for other negative numbers.
MINATO_API int32_t minato_url_set_limit(minato_url *MINATO_NULLABLE url, int64_t bytes);

/// Opens a URL: sends the request and waits for the head of the response, follows redirects and answers challenges.
///
/// `text` is a URL of http, https or `data:`. A user name and password in it answer challenges of its scheme, host and
/// port, and go nowhere else. Blocks on the network only. May be called again: the response before is given up, also when
/// this call fails; settings stay.
///
/// Returns 0 for a status of 200 to 299. For another one `-MINATO_URL_HTTP_STATUS`, and the response is there all the same,
/// with its body, as for every code that says so. Other codes: `-MINATO_URL_BAD_URL`, `-MINATO_URL_TIMED_OUT`,
/// `-MINATO_URL_DEADLINE_EXCEEDED`, `-MINATO_URL_CONNECTION_REFUSED` and whatever else is above. A body that turns out to be
/// broken is an error of the read. Python: `urlopen`.
MINATO_API int32_t minato_url_open(minato_url *MINATO_NULLABLE url, const char *MINATO_NULLABLE text, size_t count);

/// Reads exactly `count` bytes of the body unless it ends first. Returns how many: fewer are the last ones, 0 is the end.
///
/// Blocks until they are there. A failed read takes nothing, but for one beyond the limit: what had come is there for the
/// next, also after `-MINATO_URL_TIMED_OUT`. A body that breaks off is `-MINATO_URL_TRUNCATED`, never a short read.
/// `-MINATO_URL_DEADLINE_EXCEEDED`, `-MINATO_URL_LIMIT_EXCEEDED`, `-MINATO_URL_NOT_OPEN`. Python: `read(n)`.
MINATO_API int64_t minato_url_read(minato_url *MINATO_NULLABLE url, void *MINATO_NULLABLE buffer, size_t count);

/// Reads what is there of the body, at most `count` bytes, and waits only when nothing is. 0 is the end.
///
/// Fails as `minato_url_read`. Python: `read1(n)`.
MINATO_API int64_t minato_url_read_some(minato_url *MINATO_NULLABLE url, void *MINATO_NULLABLE buffer, size_t count);

/// The status of the response, 100 to 599. `-MINATO_URL_NOT_OPEN`. Python: `status`.
MINATO_API int32_t minato_url_status(minato_url *MINATO_NULLABLE url);

/// The reason phrase, empty when the server sent none. `-MINATO_URL_NOT_OPEN`. Python: `reason`.
MINATO_API int64_t minato_url_reason(minato_url *MINATO_NULLABLE url, char *MINATO_NULLABLE buffer, size_t capacity);

/// The URL of the response, which after a redirect is not the one that was asked for; without user name and password.
///
/// `-MINATO_URL_NOT_OPEN`. Python: `geturl()`.
MINATO_API int64_t minato_url_location(minato_url *MINATO_NULLABLE url, char *MINATO_NULLABLE buffer, size_t capacity);

/// The value of a header of the response, without regard to case; several are joined with `", "`. As the server sent it.
///
/// `-MINATO_URL_NO_HEADER`, `-MINATO_URL_NOT_OPEN`. Python: `getheader(name)`.
MINATO_API int64_t minato_url_header(
    minato_url *MINATO_NULLABLE url, const char *MINATO_NULLABLE name, size_t name_count, char *MINATO_NULLABLE buffer,
    size_t capacity);

/// How many headers the response has, duplicates counted each. `-MINATO_URL_NOT_OPEN`. Python: `getheaders()`.
MINATO_API int32_t minato_url_header_count(minato_url *MINATO_NULLABLE url);

/// The name of the header at `index`, in the order received, from 0. `-MINATO_URL_NO_HEADER`, `-MINATO_URL_NOT_OPEN`.
MINATO_API int64_t
minato_url_header_name(minato_url *MINATO_NULLABLE url, size_t index, char *MINATO_NULLABLE buffer, size_t capacity);

/// The value of the header at `index`, in the order received, from 0. `-MINATO_URL_NO_HEADER`, `-MINATO_URL_NOT_OPEN`.
MINATO_API int64_t
minato_url_header_value(minato_url *MINATO_NULLABLE url, size_t index, char *MINATO_NULLABLE buffer, size_t capacity);

/// A line about the last failure of setting something, opening or reading, empty when there was none.
///
/// Its wording may change: compare codes. Questions about the response leave none, so that the line stays; nor does
/// `-MINATO_URL_BAD_HANDLE`.
MINATO_API int64_t
minato_url_error_text(minato_url *MINATO_NULLABLE url, char *MINATO_NULLABLE buffer, size_t capacity);

MINATO_END_DECLARATIONS

#endif
