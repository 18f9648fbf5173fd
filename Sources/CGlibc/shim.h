#pragma once
#include <malloc.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/types.h>

// Swift's Glibc leaves out what glibc shows to _GNU_SOURCE only.
extern int pipe2(int ends[2], int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);

// POSIX_SPAWN_SETSID: a session of its own.
static const int martlet_spawn_setsid = 0x80;

// The process at the other end of a Unix socket: who listens there, for a client. -1 when nobody knows.
static inline pid_t martlet_peer(int descriptor) {
    struct { pid_t pid; uid_t uid; gid_t gid; } peer;
    socklen_t length = sizeof peer;
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : -1;
}
