#pragma once
#include <libwebsockets.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

// Variadic logging and the log level macros are not imported: errors and warnings go to one callback.
typedef void (*martlet_lws_log)(int level, const char *line);
static inline void martlet_lws_set_log(martlet_lws_log emit) { lws_set_log_level(LLL_ERR | LLL_WARN, emit); }

// lws_write wants a buffer that it may write to, because it puts a frame header in front. LWS_WRITE_HTTP sends the
// bytes as they are and never writes to them (rops_write_role_protocol_ws: `goto send_raw`), so one const buffer
// serves any number of connections.
static inline int martlet_lws_write(struct lws *wsi, const void *bytes, size_t count) {
    return lws_write(wsi, (unsigned char *)bytes, count, LWS_WRITE_HTTP);
}

// Closes at once, but for a backlog. Not from one of the connection's own callbacks. lws knows no other call that does.
static inline void martlet_lws_close(struct lws *wsi) {
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

// Swift's Glibc leaves out what glibc shows to _GNU_SOURCE only. Accepts without blocking, closed on exec.
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
static inline int martlet_accept(int descriptor, struct sockaddr *address, socklen_t *length) {
    return accept4(descriptor, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// The state of the TCP connection, such as TCP_CLOSE_WAIT; -1 when it cannot be read.
static inline int martlet_tcp_state(int descriptor) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    return getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_state : -1;
}

// Bytes of ours that the peer has acknowledged so far (Linux 4.1). glibc's struct tcp_info ends before the field, and
// <linux/tcp.h> cannot be included beside <netinet/tcp.h>: in the kernel's interface it stands at offset 120.
static inline uint64_t martlet_tcp_acknowledged(int descriptor) {
    unsigned char info[256];
    uint64_t acknowledged = 0;
    socklen_t length = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, info, &length) == 0 && length >= 128)
        memcpy(&acknowledged, info + 120, sizeof acknowledged);
    return acknowledged;
}
