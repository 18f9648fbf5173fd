#pragma once
#include <grp.h>
#include <malloc.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// Swift's Glibc leaves out what glibc shows to _GNU_SOURCE only.
extern int pipe2(int ends[2], int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int setresuid(uid_t real, uid_t effective, uid_t saved);
extern int setresgid(gid_t real, gid_t effective, gid_t saved);
extern int setgroups(size_t count, const gid_t *groups);

// POSIX_SPAWN_SETSID: a session of its own.
static const int martlet_spawn_setsid = 0x80;
// O_PATH: a file as a name, neither read nor written.
static const int martlet_open_path = 010000000;
// AT_EMPTY_PATH: the file of the descriptor itself.
static const int martlet_at_empty_path = 0x1000;

// No program that this thread and its later threads start gets more rights than they have. A call with a variable number
// of arguments, which Swift does not import.
static inline int martlet_forbid_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
}

// Whether the effective user and group can be changed, and changed back. By the kernel's own calls, which concern this
// thread: glibc's concern all, and another one may be at work meanwhile.
static inline int martlet_can_become(uid_t user, gid_t group) {
    uid_t old_user = geteuid();
    gid_t old_group = getegid();
    if (syscall(SYS_setresgid, -1L, (long)group, -1L) != 0 || syscall(SYS_setresgid, -1L, (long)old_group, -1L) != 0) return 0;
    return syscall(SYS_setresuid, -1L, (long)user, -1L) == 0 && syscall(SYS_setresuid, -1L, (long)old_user, -1L) == 0;
}

// Neither its memory nor its environment can be read by other processes of the same account.
static inline int martlet_forbid_looking_in(void) {
    return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
}

// The process at the other end of a Unix socket: who listens there, for a client. -1 when nobody knows.
static inline pid_t martlet_peer(int descriptor) {
    struct { pid_t pid; uid_t uid; gid_t gid; } peer;
    socklen_t length = sizeof peer;
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : -1;
}
