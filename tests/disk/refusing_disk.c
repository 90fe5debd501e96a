/*
 * Lets the file calls of a process fail as a disk may. It is preloaded; `refuse` chooses which calls
 * below which folder fail, and how.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[4096];
static char call[32];
static int error;
static int first;
static int last;
static atomic_int seen;

/* Calls `first` to `last` of one name on paths below a folder fail with an error, counted from 1. */
void refuse(const char *new_folder, const char *new_call, int new_error, int from, int to) {
  snprintf(folder, sizeof folder, "%s", new_folder);
  snprintf(call, sizeof call, "%s", new_call);
  error = new_error;
  first = from;
  last = to;
  seen = 0;
}

/* Calls of the chosen name since `refuse`. */
int calls(void) { return seen; }

static int refused(const char *name, const char *path) {
  if (strcmp(name, call) != 0 || strncmp(path, folder, strlen(folder)) != 0) return 0;
  int number = ++seen;
  if (number < first || number > last) return 0;
  errno = error;
  return 1;
}

static int refused_file(const char *name, int file) {
  if (strcmp(name, call) != 0) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return refused(name, path);
}

static int is_folder(int file) {
  struct stat status;
  return fstat(file, &status) == 0 && S_ISDIR(status.st_mode);
}

#define NEXT(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

/* A call by path, and one by file descriptor: result, function, parameters, arguments, name. */
#define BY_PATH(type, function, parameters, arguments, name, path) \
  type function parameters {                                       \
    if (refused(name, path)) return -1;                            \
    return NEXT(function) arguments;                               \
  }
#define BY_FILE(type, function, parameters, arguments, name) \
  type function parameters {                                 \
    if (refused_file(name, file)) return -1;                 \
    return NEXT(function) arguments;                         \
  }

BY_PATH(int, mkdir, (const char *path, mode_t mode), (path, mode), "mkdir", path)
BY_PATH(int, rename, (const char *from, const char *to), (from, to), "rename", to)
BY_PATH(int, linkat, (int a, const char *from, int b, const char *to, int flags),
        (a, from, b, to, flags), "link", to)
BY_PATH(int, unlink, (const char *path), (path), "unlink", path)
BY_PATH(int, chmod, (const char *path, mode_t mode), (path, mode), "chmod", path)
BY_PATH(int, statx, (int at, const char *path, int flags, unsigned mask, struct statx *result),
        (at, path, flags, mask, result), "stat", path)
BY_PATH(int, utimensat, (int at, const char *path, const struct timespec times[2], int flags),
        (at, path, times, flags), "touch", path)
BY_FILE(int, fsync, (int file), (file), is_folder(file) ? "sync-folder" : "sync")
BY_FILE(int, fdatasync, (int file), (file), is_folder(file) ? "sync-folder" : "sync")
BY_FILE(int, flock, (int file, int operation), (file, operation), "lock")
BY_FILE(ssize_t, write, (int file, const void *bytes, size_t size), (file, bytes, size), "write")
BY_FILE(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count),
        "write")
BY_FILE(ssize_t, read, (int file, void *bytes, size_t size), (file, bytes, size), "read")
BY_FILE(ssize_t, copy_file_range,
        (int from, off64_t *at, int file, off64_t *to, size_t size, unsigned flags),
        (from, at, file, to, size, flags), "copy")

DIR *opendir(const char *path) { return refused("list", path) ? NULL : NEXT(opendir)(path); }

#define OPEN(function)                                                        \
  int function(const char *path, int flags, ...) {                            \
    va_list more;                                                             \
    va_start(more, flags);                                                    \
    mode_t mode = va_arg(more, mode_t);                                       \
    va_end(more);                                                             \
    if (refused(flags & O_CREAT ? "create" : "open", path)) return -1;        \
    return NEXT(function)(path, flags, mode);                                 \
  }
OPEN(open)
OPEN(open64)
