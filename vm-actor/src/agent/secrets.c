#define _GNU_SOURCE
#include "secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

static const char *place;

void secrets_place(const char *folder) {
    place = folder;
}

/* The folder, on a filesystem in memory; -1 with errno. */
static int open_folder(void) {
    const char *folder = place != NULL ? place : "/run/secrets";
    struct statfs fs;
    if (mkdir(folder, 0755) < 0 && errno != EEXIST) {
        return -1;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || place != NULL || (fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC)) {
        return fd;
    }
    close(fd);
    if (mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755") < 0) {
        return -1;
    }
    return open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_file_name(const char *name) {
    return name != NULL && *name != 0 && strlen(name) <= NAME_MAX && strchr(name, '/') == NULL && strcmp(name, ".") != 0
        && strcmp(name, "..") != 0;
}

static bool write_one(int folder, const char *name, const struct field *bytes, const struct user *user) {
    if (unlinkat(folder, name, 0) < 0 && errno != ENOENT) {
        return false;
    }
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (fd < 0) {
        return false;
    }
    bool good = fchmod(fd, 0400) == 0;
    for (size_t done = 0; good && done < bytes->length;) {
        ssize_t n = write(fd, bytes->bytes + done, bytes->length - done);
        good = n > 0 || (n < 0 && errno == EINTR);
        done += n > 0 ? (size_t)n : 0;
    }
    good = good && (getuid() != 0 || fchown(fd, user->uid, user->gid) == 0);
    int error = errno;
    close(fd);
    errno = error;
    return good;
}

const char *secrets_write(const struct frame *frame, const struct user *user) {
    static char wrong[320];
    int folder = -1;
    char *name = NULL;
    size_t at = 0;
    struct field field;
    wrong[0] = 0;
    while (wrong[0] == 0 && next_field(frame, &at, &field) > 0) {
        if (field.tag == T_NAME) {
            free(name);
            name = text_of(&field);
            if (!is_file_name(name)) {
                errno = EINVAL;
                snprintf(wrong, sizeof wrong, "a secret's name is that of a file, without slashes");
            }
        } else if (field.tag == T_BYTES && name != NULL) {
            folder = folder < 0 ? open_folder() : folder;
            if (folder < 0 || !write_one(folder, name, &field, user)) {
                snprintf(wrong, sizeof wrong, "cannot write the secret %.255s", name);
            }
        }
    }
    int error = errno;
    free(name);
    if (folder >= 0) {
        close(folder);
    }
    errno = error;
    return wrong[0] == 0 ? NULL : wrong;
}
