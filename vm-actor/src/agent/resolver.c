#define _GNU_SOURCE
#include "resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, TEXT_BYTES = 512 };

static const char path[] = "/etc/resolv.conf";

/* Makes the folders that a link points into, below /run alone: whoever keeps the file elsewhere has them. */
static void make_folders(void) {
    char target[PATH_BYTES];
    char whole[PATH_BYTES + 8];
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n <= 0) {
        return;
    }
    target[n] = 0;
    if (*target == '/') {
        snprintf(whole, sizeof whole, "%s", target);
    } else if (strncmp(target, "../", 3) == 0) {
        snprintf(whole, sizeof whole, "/%s", target + 3);
    } else {
        return;
    }
    if (strncmp(whole, "/run/", 5) != 0 || strstr(whole, "..") != NULL) {
        return;
    }
    for (char *at = strchr(whole + 5, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = 0;
        mkdir(whole, 0755);
        *at = '/';
    }
}

static void put(const char *file, int flags, const char *text) {
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
    if (fd < 0) {
        if (errno != EROFS && errno != EEXIST && errno != ENOENT) {
            dprintf(2, "stardust-agent: cannot write %s: %s\n", file, strerror(errno));
        }
        return;
    }
    if (write(fd, text, strlen(text)) < 0) {
        dprintf(2, "stardust-agent: cannot write %s: %s\n", file, strerror(errno));
    }
    close(fd);
}

void resolver_write(const struct address *address) {
    struct stat status;
    char text[TEXT_BYTES] = "";
    bool is_link = lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
    if (getpid() == 1) {
        put("/etc/hosts", O_EXCL, "127.0.0.1 localhost\n::1 localhost\n");
    }
    /* Beside another first process a link belongs to whoever it points to, such as systemd-resolved. */
    if (address->name_server_count == 0 || (is_link && getpid() != 1)) {
        return;
    }
    if (is_link) {
        make_folders();
    }
    for (int i = 0; i < address->name_server_count; i++) {
        uint32_t a = address->name_servers[i];
        size_t length = strlen(text);
        snprintf(
            text + length, sizeof text - length, "nameserver %u.%u.%u.%u\n", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
    }
    put(path, O_TRUNC, text);
}
