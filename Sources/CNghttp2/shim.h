#pragma once
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

// The source of a response's body is an anonymous union's first member, which Swift knows by no name that C promises.
static inline nghttp2_data_provider martlet_h2_source(void *source, nghttp2_data_source_read_callback read) {
    nghttp2_data_provider provider;
    provider.source.ptr = source;
    provider.read_callback = read;
    return provider;
}

// The head of a frame, and of a HEADERS frame whether it is a request's first one.
static inline int martlet_h2_is_request(const nghttp2_frame *frame) {
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

// Swift's Glibc leaves out what glibc shows to _GNU_SOURCE only. Accepts without blocking, closed on exec.
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
static inline int martlet_h2_accept(int descriptor) {
    return accept4(descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
