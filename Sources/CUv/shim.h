#pragma once
#include <uv.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

// Swift cannot allocate a type whose size only C knows through its initialisers without copying it,
// and a libuv handle must never move: these give it a fixed home on the heap.
static inline uv_loop_t *martlet_uv_loop_new(void) { return (uv_loop_t *)calloc(1, sizeof(uv_loop_t)); }
static inline uv_async_t *martlet_uv_async_new(void) { return (uv_async_t *)calloc(1, sizeof(uv_async_t)); }
static inline uv_timer_t *martlet_uv_timer_new(void) { return (uv_timer_t *)calloc(1, sizeof(uv_timer_t)); }
static inline uv_prepare_t *martlet_uv_prepare_new(void) { return (uv_prepare_t *)calloc(1, sizeof(uv_prepare_t)); }
static inline uv_poll_t *martlet_uv_poll_new(void) { return (uv_poll_t *)calloc(1, sizeof(uv_poll_t)); }

// Handles are freed only after uv_close has finished with them.
static inline void martlet_uv_free(uv_handle_t *handle) { free(handle); }
static inline void martlet_uv_close_and_free(uv_handle_t *handle) { uv_close(handle, martlet_uv_free); }

// prctl is variadic, and Swift does not see pthread_setname_np.
static inline void martlet_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
