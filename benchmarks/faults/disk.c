/* Fail the n-th call that changes a file below a folder, or end the process there.

   Loaded before the C library (LD_PRELOAD): Python, Arrow and SQLite all come through here. It also
   notes what was written and not yet flushed, which a loss of power takes away. With the folder
   "net:", calls to sockets of the network are counted in place of those to files. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { KILL = 0 };

static char root[PATH_MAX], spared[PATH_MAX]; /* the calls that count, and those below that do not */
static size_t root_length;
static long first = -1; /* the number of the call that fails; -1: none */
static int code = KILL; /* the errno that it fails with; 0: the process is killed */
static int lasting;     /* whether all later calls fail as well */
static long *calls;     /* shared with the processes that this one forks, as the notes are */
static char *notes;
enum { NOTES = 1 << 20 };
static __thread char seen[PATH_MAX]; /* the path that was looked at last */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void faults_arm(const char *folder, const char *but, long number, int error, int stays)
{
    strncpy(root, folder, sizeof root - 1);
    strncpy(spared, but, sizeof spared - 1);
    root_length = strlen(root);
    first = number;
    code = error;
    lasting = stays;
    __atomic_store_n(calls, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n((long *)notes, 0, __ATOMIC_SEQ_CST);
    memset(notes + sizeof(long), 0, NOTES - sizeof(long));
}

long faults_calls(void) { return __atomic_load_n(calls, __ATOMIC_SEQ_CST); }

/* Lines of a letter and paths, between tabs: w a file is written, s one or a folder is flushed, m a
   file gets another name. */
const char *faults_notes(void) { return notes + sizeof(long); }

static void note(char kind, const char *path, const char *to)
{
    char line[2 * PATH_MAX + 4];
    int length = snprintf(line, sizeof line, "%c\t%s\t%s\n", kind, path, to);
    long at = __atomic_fetch_add((long *)notes, length, __ATOMIC_SEQ_CST);
    if (at + length < (long)(NOTES - sizeof(long) - 1))
        memcpy(notes + sizeof(long) + at, line, length);
}

/* A command that is started with FAULTS_FOLDER and the rest is armed from its first call. Only the
   process whose command line holds FAULTS_COMMAND is: its children have another one. */
__attribute__((constructor)) static void begin(void)
{
    calls = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    notes = mmap(NULL, NOTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const char *folder = getenv("FAULTS_FOLDER"), *command = getenv("FAULTS_COMMAND");
    if (!folder || !command)
        return;
    char line[65536];
    int file = REAL(open)("/proc/self/cmdline", O_RDONLY);
    ssize_t length = file < 0 ? 0 : read(file, line, sizeof line - 1);
    if (file >= 0)
        close(file);
    for (ssize_t i = 0; i < length; i++)
        if (!line[i])
            line[i] = ' ';
    line[length > 0 ? length : 0] = 0;
    if (strstr(line, command))
        faults_arm(folder, "", atol(getenv("FAULTS_AT")), atoi(getenv("FAULTS_CODE")), 0);
}

static int below(const char *path)
{
    return !strncmp(path, root, root_length) && !(*spared && !strncmp(path, spared, strlen(spared)));
}

static int concerns(int folder, const char *path)
{
    char whole[PATH_MAX], name[64];
    if (!root_length || !path)
        return 0;
    if (*path == '/') {
        snprintf(seen, sizeof seen, "%s", path);
        return below(path);
    }
    if (folder == AT_FDCWD) {
        if (!getcwd(whole, sizeof whole))
            return 0;
    } else {
        snprintf(name, sizeof name, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(name, whole, sizeof whole - 1);
        if (length < 0)
            return 0;
        whole[length] = 0;
    }
    size_t length = strlen(whole);
    snprintf(whole + length, sizeof whole - length, "/%s", path);
    memcpy(seen, whole, sizeof seen);
    return below(whole);
}

static int concerns_open(int file)
{
    char whole[PATH_MAX], name[64];
    if (!root_length)
        return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ssize_t length = readlink(name, whole, sizeof whole - 1);
    if (length < 0)
        return 0;
    whole[length] = 0;
    memcpy(seen, whole, sizeof seen);
    return below(whole);
}

/* Count a call; return whether it fails, with errno set. */
static int fails(void)
{
    long number = __atomic_add_fetch(calls, 1, __ATOMIC_SEQ_CST);
    if (first < 0 || number < first || (number > first && !lasting))
        return 0;
    if (code == KILL)
        kill(getpid(), SIGKILL);
    errno = code;
    return 1;
}

#define WRITES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;                  \
        va_end(more);                                                                              \
        if (WRITES(flags) && concerns(AT_FDCWD, path)) {                                           \
            if (fails())                                                                           \
                return -1;                                                                         \
            if (flags & O_TRUNC)                                                                   \
                note('w', seen, "");                                                               \
        }                                                                                          \
        return REAL(name)(path, flags, mode);                                                      \
    }

#define OPEN_AT(name)                                                                              \
    int name(int folder, const char *path, int flags, ...)                                         \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;                  \
        va_end(more);                                                                              \
        if (WRITES(flags) && concerns(folder, path)) {                                             \
            if (fails())                                                                           \
                return -1;                                                                         \
            if (flags & O_TRUNC)                                                                   \
                note('w', seen, "");                                                               \
        }                                                                                          \
        return REAL(name)(folder, path, flags, mode);                                              \
    }

OPEN(open)
OPEN(open64)
OPEN_AT(openat)
OPEN_AT(openat64)

/* What ends in the middle of a write leaves half of it. */
#define TORN(file, half)                                                                           \
    do {                                                                                           \
        if (concerns_open(file)) {                                                                 \
            note('w', seen, "");                                                                   \
            if (code == KILL && __atomic_load_n(calls, __ATOMIC_SEQ_CST) + 1 == first)             \
                (void)!half;                                                                       \
            if (fails())                                                                           \
                return -1;                                                                         \
        }                                                                                          \
    } while (0)

ssize_t write(int file, const void *content, size_t size)
{
    TORN(file, REAL(write)(file, content, size / 2));
    return REAL(write)(file, content, size);
}

ssize_t pwrite(int file, const void *content, size_t size, off_t at)
{
    TORN(file, REAL(pwrite)(file, content, size / 2, at));
    return REAL(pwrite)(file, content, size, at);
}

ssize_t pwrite64(int file, const void *content, size_t size, off64_t at)
{
    TORN(file, REAL(pwrite64)(file, content, size / 2, at));
    return REAL(pwrite64)(file, content, size, at);
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    TORN(file, REAL(writev)(file, parts, count / 2));
    return REAL(writev)(file, parts, count);
}

#define BY_FILE(name, kind, parameters, arguments)                                                 \
    int name parameters                                                                            \
    {                                                                                              \
        if (concerns_open(file)) {                                                                 \
            if (fails())                                                                           \
                return -1;                                                                         \
            note(kind, seen, "");                                                                  \
        }                                                                                          \
        return REAL(name) arguments;                                                               \
    }

BY_FILE(fsync, 's', (int file), (file))
BY_FILE(fdatasync, 's', (int file), (file))
BY_FILE(ftruncate, 'w', (int file, off_t size), (file, size))
BY_FILE(ftruncate64, 'w', (int file, off64_t size), (file, size))
BY_FILE(fchmod, 'c', (int file, mode_t mode), (file, mode))

#define BY_PATH(name, folder, parameters, arguments, noted)                                        \
    int name parameters                                                                            \
    {                                                                                              \
        if (concerns(folder, path)) {                                                              \
            if (fails())                                                                           \
                return -1;                                                                         \
            noted;                                                                                 \
        }                                                                                          \
        return REAL(name) arguments;                                                               \
    }

/* Note a new name; `seen` holds the old one. */
static void moved(int folder, const char *to)
{
    char old[PATH_MAX];
    memcpy(old, seen, sizeof old);
    concerns(folder, to);
    note('m', old, seen);
}

BY_PATH(rename, AT_FDCWD, (const char *path, const char *to), (path, to), moved(AT_FDCWD, to))
BY_PATH(renameat, from, (int from, const char *path, int at, const char *to), (from, path, at, to),
        moved(at, to))
BY_PATH(link, AT_FDCWD, (const char *path, const char *to), (path, to), )
/* A full disk lets files be removed. */
#define REMOVES(name, folder, parameters, arguments)                                               \
    int name parameters                                                                            \
    {                                                                                              \
        if (code != ENOSPC && concerns(folder, path) && fails())                                   \
            return -1;                                                                             \
        return REAL(name) arguments;                                                               \
    }

REMOVES(unlink, AT_FDCWD, (const char *path), (path))
REMOVES(unlinkat, at, (int at, const char *path, int flags), (at, path, flags))
REMOVES(rmdir, AT_FDCWD, (const char *path), (path))
BY_PATH(mkdir, AT_FDCWD, (const char *path, mode_t mode), (path, mode), )
BY_PATH(mkdirat, at, (int at, const char *path, mode_t mode), (at, path, mode), )
BY_PATH(chmod, AT_FDCWD, (const char *path, mode_t mode), (path, mode), )

/* Say whether a socket leads to the network, and the network is what fails. */
static int leads_out(int file)
{
    int domain = 0;
    socklen_t size = sizeof domain;
    if (strcmp(root, "net:"))
        return 0;
    return !getsockopt(file, SOL_SOCKET, SO_DOMAIN, &domain, &size) &&
           (domain == AF_INET || domain == AF_INET6);
}

#define BY_SOCKET(type, name, parameters, arguments)                                               \
    type name parameters                                                                           \
    {                                                                                              \
        if (leads_out(file) && fails())                                                            \
            return -1;                                                                             \
        return REAL(name) arguments;                                                               \
    }

BY_SOCKET(int, connect, (int file, const struct sockaddr *to, socklen_t size), (file, to, size))
BY_SOCKET(ssize_t, send, (int file, const void *content, size_t size, int flags),
          (file, content, size, flags))
BY_SOCKET(ssize_t, recv, (int file, void *content, size_t size, int flags),
          (file, content, size, flags))
