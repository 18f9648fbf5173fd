#pragma once
// The type checks in curl's macros are for direct calls, not for functions that pass an option on.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <string.h>

// curl_easy_setopt is variadic, which Swift cannot call: one function for each kind of argument.
static inline CURLcode martlet_curl_set_number(CURL *curl, CURLoption option, long value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode martlet_curl_set_text(CURL *curl, CURLoption option, const char *value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode martlet_curl_set_pointer(CURL *curl, CURLoption option, void *value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode martlet_curl_set_list(CURL *curl, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(curl, option, value);
}

// Takes what arrives: a piece of the body, or a whole header line. Returns how much it took; less ends the transfer.
typedef size_t (*martlet_curl_sink)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode martlet_curl_set_sink(CURL *curl, CURLoption option, martlet_curl_sink sink) {
    return curl_easy_setopt(curl, option, sink);
}

// The result of a message stands in an anonymous union, which Swift knows by no name that curl promises.
static inline CURLcode martlet_curl_result(const CURLMsg *message) { return message->data.result; }

// Gives pieces of a request's body.
typedef size_t (*martlet_curl_source)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode martlet_curl_set_source(CURL *curl, martlet_curl_source source) {
    return curl_easy_setopt(curl, CURLOPT_READFUNCTION, source);
}
static inline CURLcode martlet_curl_set_seek(CURL *curl, curl_seek_callback seek) {
    return curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, seek);
}
static inline CURLcode martlet_curl_set_opener(CURL *curl, curl_opensocket_callback opener) {
    return curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, opener);
}

static inline CURLMcode martlet_curl_multi_set_number(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}
static inline CURLMcode martlet_curl_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) {
    return curl_multi_setopt(multi, option, value);
}
static inline CURLMcode martlet_curl_multi_set_watcher(CURLM *multi, curl_socket_callback watcher) {
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watcher);
}
static inline CURLMcode martlet_curl_multi_set_timer(CURLM *multi, curl_multi_timer_callback timer) {
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
}

// Whether a transfer is on a connection of HTTP/2; before a response has come curl says so nowhere else.
static inline int martlet_curl_speaks_http2(CURL *curl) {
    struct curl_tlssessioninfo *session = NULL;
    const unsigned char *name = NULL;
    unsigned int length = 0;
    if (curl_easy_getinfo(curl, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || session == NULL
        || session->backend != CURLSSLBACKEND_OPENSSL || session->internals == NULL)
        return 0;
    SSL_get0_alpn_selected((SSL *)session->internals, &name, &length);
    return length == 2 && memcmp(name, "h2", 2) == 0;
}
