#pragma once
#include <libwebsockets.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

// LWS_PRE is an expression macro, which Swift does not import.
static inline size_t martlet_lws_pre(void) { return LWS_PRE; }

// Variadic logging and the log level macros are not imported either: errors go to one callback.
typedef void (*martlet_lws_log)(int level, const char *line);
static inline void martlet_lws_set_log(martlet_lws_log emit) { lws_set_log_level(LLL_ERR | LLL_WARN, emit); }
