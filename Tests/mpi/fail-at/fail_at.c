// Fails one call on the way of a checkpoint to the disk, as a full disk or a kill would.
//
// COLONNADE_FAIL=kill:N   the process is killed at its Nth call of mkdir, open for writing, write, fsync or rename on a
//                         path with /checkpoints in it
// COLONNADE_FAIL=full:N   that call, and no other, says that no space is left
// COLONNADE_FAIL=room:N:B its Nth call of statvfs on such a path says that B bytes are free; others do not count
// COLONNADE_FAIL_RANK=R   only on this rank of Open MPI or MPICH
// COLONNADE_FAIL_NOTE=F   the name of the call that failed is written to the file F
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FILES = 4096 };
static atomic_int calls;
static atomic_bool isOfCheckpoint[FILES];

static int isThisRank(void) {
    const char *wanted = getenv("COLONNADE_FAIL_RANK");
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (!rank) rank = getenv("PMI_RANK");
    return !wanted || (rank && strcmp(rank, wanted) == 0);
}

static void note(const char *call) {
    const char *path = getenv("COLONNADE_FAIL_NOTE");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "%s\n", call);
    fclose(file);
}

// Whether this call fails now; it may not return.
static int fails(const char *call) {
    const char *what = getenv("COLONNADE_FAIL");
    if (!what || !isThisRank() || (strncmp(what, "room", 4) == 0) != (strcmp(call, "statvfs") == 0)) return 0;
    const char *number = strchr(what, ':');
    if (!number || atomic_fetch_add(&calls, 1) + 1 != atoi(number + 1)) return 0;
    note(call);
    if (strncmp(what, "kill", 4) == 0) kill(getpid(), SIGKILL);
    errno = ENOSPC;
    return 1;
}

static int concerns(const char *path) { return path && strstr(path, "/checkpoints") != NULL; }

static int noted(int descriptor, const char *path) {
    if (descriptor >= 0 && descriptor < FILES) isOfCheckpoint[descriptor] = concerns(path);
    return descriptor;
}

static int isNoted(int descriptor) { return descriptor >= 0 && descriptor < FILES && isOfCheckpoint[descriptor]; }

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                                                \
    int name(const char *path, int flags, ...) {                                  \
        va_list more;                                                             \
        va_start(more, flags);                                                    \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                             \
        if (concerns(path) && (flags & O_ACCMODE) != O_RDONLY && fails("open")) return -1; \
        return noted(NEXT(name)(path, flags, mode), path);                        \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int descriptor, const void *bytes, size_t count) {
    if (isNoted(descriptor) && fails("write")) return -1;
    return NEXT(write)(descriptor, bytes, count);
}

int fsync(int descriptor) {
    if (isNoted(descriptor) && fails("fsync")) return -1;
    return NEXT(fsync)(descriptor);
}

int rename(const char *from, const char *to) {
    if (concerns(to) && fails("rename")) return -1;
    return NEXT(rename)(from, to);
}

int mkdir(const char *path, mode_t mode) {
    if (concerns(path) && fails("mkdir")) return -1;
    return NEXT(mkdir)(path, mode);
}

static unsigned long bytesFree(void) {
    const char *free = strrchr(getenv("COLONNADE_FAIL"), ':');
    return strtoul(free + 1, NULL, 10);
}

#define STATVFS(name)                                             \
    int name(const char *path, struct name *status) {             \
        int result = NEXT(name)(path, status);                    \
        if (result == 0 && concerns(path) && fails("statvfs"))    \
            status->f_bavail = bytesFree() / status->f_frsize;    \
        return result;                                            \
    }
STATVFS(statvfs)
STATVFS(statvfs64)
