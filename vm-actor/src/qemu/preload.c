/* Preloaded into QEMU, to keep it from what it would do without being asked:

   - The RAM of a clone is a private mapping of its base. QEMU opens that file to be written, though it only reads it, and what runs
     QEMU may not: the file named by STARDUST_BASE is opened to be read.
   - A guest on a network that QEMU makes up reaches the host's loopback by the gateway's address. It must not: there is the node.
     No connection and no packet goes there, but for questions to a name server.

   This holds for a QEMU that does what it was written for; one that a guest has taken over is held by Landlock. */
#define _GNU_SOURCE
#undef _FILE_OFFSET_BITS
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { DOMAIN = 53 };

typedef int opener(const char *, int, ...);
typedef int connecter(int, const struct sockaddr *, socklen_t);
typedef ssize_t sender(int, const void *, size_t, int, const struct sockaddr *, socklen_t);

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

static int is_loopback(uint32_t address) {
  return address == INADDR_ANY || address >> 24 == IN_LOOPBACKNET;
}

/* Whether an address is the host itself, seen from the host. */
static int is_host(const struct sockaddr *to, socklen_t length, int *port) {
  if (to && to->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)to;
    *port = ntohs(in->sin_port);
    return is_loopback(ntohl(in->sin_addr.s_addr));
  }
  if (to && to->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
    const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)to;
    *port = ntohs(in->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr) || IN6_IS_ADDR_V4COMPAT(&in->sin6_addr)) {
      uint32_t four;
      memcpy(&four, in->sin6_addr.s6_addr + 12, sizeof four);
      return is_loopback(ntohl(four));
    }
    return IN6_IS_ADDR_LOOPBACK(&in->sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&in->sin6_addr);
  }
  return 0;
}

int connect(int fd, const struct sockaddr *to, socklen_t length) {
  int port = 0;
  if (is_host(to, length, &port)) {
    errno = ECONNREFUSED;
    return -1;
  }
  return ((connecter *)dlsym(RTLD_NEXT, "connect"))(fd, to, length);
}

ssize_t sendto(int fd, const void *bytes, size_t count, int flags, const struct sockaddr *to, socklen_t length) {
  int port = 0;
  if (is_host(to, length, &port) && port != DOMAIN) {
    errno = ECONNREFUSED;
    return -1;
  }
  return ((sender *)dlsym(RTLD_NEXT, "sendto"))(fd, bytes, count, flags, to, length);
}
