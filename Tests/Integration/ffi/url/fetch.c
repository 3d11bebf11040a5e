/// Fetches a URL by libminatourl: prints status, reason and URL on standard error, and 300 bytes of the body, or as many as
/// --count says, on standard output. Exit status 1, and a line with the code's name, when that fails.
///
///     fetch [--OPTION VALUE]... URL
///
/// Options: user, password, realm, trust, proxy, redirects (yes, no), method, header (NAME:VALUE), body, timeout and deadline
/// (milliseconds), limit, count, headers (yes: print them).
#include <minato/url.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    const char *user, *password, *realm;
    bool print_headers;
    size_t count;
};

static size_t length(const char *text) {
    return text == NULL ? 0 : strlen(text);
}

static int64_t add_header(minato_url *url, const char *text) {
    const char *colon = strchr(text, ':');
    if (colon == NULL) return -MINATO_URL_BAD_ARGUMENT;
    return minato_url_add_header(url, text, (size_t)(colon - text), colon + 1, strlen(colon + 1), false);
}

static int64_t
set(struct options *options, minato_url_opener *opener, minato_url *url, const char *name, const char *value) {
    int64_t number = strtoll(value, NULL, 10);
    if (strcmp(name, "--user") == 0)
        options->user = value;
    else if (strcmp(name, "--password") == 0)
        options->password = value;
    else if (strcmp(name, "--realm") == 0)
        options->realm = value;
    else if (strcmp(name, "--headers") == 0)
        options->print_headers = true;
    else if (strcmp(name, "--count") == 0)
        options->count = (size_t)number;
    else if (strcmp(name, "--trust") == 0)
        return minato_url_opener_set_trust(opener, value, strlen(value));
    else if (strcmp(name, "--proxy") == 0)
        return minato_url_opener_set_proxy(opener, value, strlen(value));
    else if (strcmp(name, "--redirects") == 0)
        return minato_url_opener_set_redirects(opener, *value == 'y');
    else if (strcmp(name, "--method") == 0)
        return minato_url_set_method(url, value, strlen(value));
    else if (strcmp(name, "--body") == 0)
        return minato_url_set_body(url, value, strlen(value));
    else if (strcmp(name, "--header") == 0)
        return add_header(url, value);
    else if (strcmp(name, "--timeout") == 0)
        return minato_url_set_timeout(url, number * 1000000);
    else if (strcmp(name, "--deadline") == 0)
        return minato_url_set_deadline(url, number * 1000000);
    else if (strcmp(name, "--limit") == 0)
        return minato_url_set_limit(url, number);
    else
        return -MINATO_URL_BAD_ARGUMENT;
    return 0;
}

static void print_headers(minato_url *url) {
    for (int32_t i = 0; i < minato_url_header_count(url); i++) {
        char name[256], value[1024];
        minato_url_header_name(url, (size_t)i, name, sizeof name);
        minato_url_header_value(url, (size_t)i, value, sizeof value);
        fprintf(stderr, "%s: %s\n", name, value);
    }
}

static void print_response(const struct options *options, minato_url *url) {
    char reason[128], location[1024];
    if (minato_url_reason(url, reason, sizeof reason) < 0) return;
    minato_url_location(url, location, sizeof location);
    fprintf(stderr, "%d %s %s\n", (int)minato_url_status(url), reason, location);
    if (options->print_headers) print_headers(url);
}

/// A response with another status has a body as well.
static int64_t print_body(const struct options *options, minato_url *url) {
    char *bytes = malloc(options->count + 1);
    if (bytes == NULL) return -MINATO_URL_OTHER;
    int64_t result = minato_url_read(url, bytes, options->count);
    if (result > 0) fwrite(bytes, 1, (size_t)result, stdout);
    free(bytes);
    return result;
}

static int64_t fetch(const struct options *options, minato_url_opener *opener, minato_url *url, const char *text) {
    int64_t result = 0;
    if (options->user != NULL) {
        result = minato_url_opener_add_credentials(
            opener, text, strlen(text), options->realm, length(options->realm), options->user, length(options->user),
            options->password, length(options->password));
    }
    if (result >= 0) result = minato_url_open(url, text, strlen(text));
    print_response(options, url);
    if (result >= 0 || result == -MINATO_URL_HTTP_STATUS) {
        int64_t read = print_body(options, url);
        if (result >= 0 && read < 0) result = read;
    }
    return result;
}

int main(int argc, char **argv) {
    struct options options = {.count = 300};
    minato_url_opener *opener = NULL;
    minato_url *url = NULL;
    char text[1024] = "";
    if (argc % 2 != 0) return 64;
    int64_t result = minato_url_opener_create(&opener);
    if (result >= 0) result = minato_url_create(opener, &url);
    for (int i = 1; result >= 0 && i + 1 < argc; i += 2) result = set(&options, opener, url, argv[i], argv[i + 1]);
    if (result >= 0) result = fetch(&options, opener, url, argv[argc - 1]);
    if (result < 0) {
        if (minato_url_error_text(url, text, sizeof text) < 0) *text = '\0';
        fprintf(stderr, "%s %s\n", minato_url_error_name((int32_t)result), text);
    }
    minato_url_close(url);
    minato_url_opener_close(opener);
    return result < 0;
}
