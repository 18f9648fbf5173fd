#pragma once
// The type checks in curl's macros are for direct calls, not for functions that pass an option on.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

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
