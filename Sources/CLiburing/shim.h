#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <liburing.h>

// A ring of one thread, which makes and uses it. Freed by martlet_uring_free. NULL where the kernel refuses; *error says why.
static inline struct io_uring *martlet_uring_new(unsigned entries, int *error) {
    struct io_uring *ring = (struct io_uring *)calloc(1, sizeof(struct io_uring));
    if (!ring) return NULL;
    struct io_uring_params params;
    memset(&params, 0, sizeof params);
    // Completions are taken by the one thread that submits, when it asks for them (Linux 6.1): nobody interrupts it.
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    int result = io_uring_queue_init_params(entries, ring, &params);
    if (result == -EINVAL) {
        memset(ring, 0, sizeof *ring);
        result = io_uring_queue_init(entries, ring, 0);
    }
    if (result == 0) return ring;
    *error = -result;
    free(ring);
    return NULL;
}

static inline void martlet_uring_free(struct io_uring *ring) {
    io_uring_queue_exit(ring);
    free(ring);
}

// What send() would do without waiting: the kernel is done with the bytes when it is submitted. `tag` comes back with the
// result. Nothing is sent before martlet_uring_submit. 0 when the ring is full.
static inline int martlet_uring_send(struct io_uring *ring, int descriptor, const void *bytes, size_t count, uint64_t tag) {
    struct io_uring_sqe *entry = io_uring_get_sqe(ring);
    if (!entry) return 0;
    io_uring_prep_send(entry, descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    entry->user_data = tag;
    return 1;
}

// Returns when `count` results are there, or -errno.
static inline int martlet_uring_submit(struct io_uring *ring, unsigned count) {
    return io_uring_submit_and_wait(ring, count);
}

// Two connected sockets that don't block, to try it on. Swift does not see SOCK_STREAM beside this header.
static inline int martlet_uring_pair(int pair[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair);
}

// Takes the results that are there: `results[tag]` becomes bytes sent, or -errno. Returns how many there were.
static inline unsigned martlet_uring_take(struct io_uring *ring, int *results, unsigned count) {
    struct io_uring_cqe *entry;
    unsigned head, taken = 0;
    io_uring_for_each_cqe(ring, head, entry) {
        if (entry->user_data < count) results[entry->user_data] = entry->res;
        taken++;
    }
    io_uring_cq_advance(ring, taken);
    return taken;
}
