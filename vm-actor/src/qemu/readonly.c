/* Preloaded into a QEMU whose RAM is a private mapping of a base: QEMU opens that file to be written, though it only reads it,
   and what runs it may not. The file named by STARDUST_BASE is opened to be read. */
#define _GNU_SOURCE
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef int opener(const char *, int, ...);

static int open_by(const char *name, const char *path, int flags, mode_t mode) {
  const char *base = getenv("STARDUST_BASE");
  if (base && strcmp(path, base) == 0) flags = (flags & ~O_ACCMODE) | O_RDONLY;
  opener *real = (opener *)dlsym(RTLD_NEXT, name);
  return real(path, flags, mode);
}

static mode_t mode_of(int flags, va_list more) {
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = mode_of(flags, more);
  va_end(more);
  return open_by("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = mode_of(flags, more);
  va_end(more);
  return open_by("open64", path, flags, mode);
}

/* What programs that were built with _FORTIFY_SOURCE call when the flags are not known beforehand. */
int __open_2(const char *path, int flags) { return open_by("open", path, flags, 0); }

int __open64_2(const char *path, int flags) { return open_by("open64", path, flags, 0); }
