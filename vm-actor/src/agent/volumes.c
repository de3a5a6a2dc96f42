#define _GNU_SOURCE
#include "volumes.h"

#include "poll.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_VOLUMES = 8, SERIAL_BYTES = 20, MAX_PATH = 4096, DEVICE_BYTES = 320, WAIT_MS = 3000, STEP_MS = 20 };

static const char type[] = "ext4";

/* What is mounted already: a host that has lost count asks again. */
static struct volume {
    char serial[SERIAL_BYTES + 1];
    char *path;
} mounted[MAX_VOLUMES];
static int count;

static bool is_serial(const char *text) {
    size_t length = text == NULL ? 0 : strlen(text);
    return length > 0 && length <= SERIAL_BYTES && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static bool is_at_or_below(const char *path, const char *folder) {
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == 0 || path[length] == '/');
}

/* Absolute, with neither empty names nor dots, and nothing that the system is made of. */
static bool is_place(const char *path) {
    static const char *const system_folders[] = {"/proc", "/sys", "/dev", "/run"};
    if (path == NULL || path[0] != '/' || strlen(path) >= MAX_PATH) {
        return false;
    }
    for (const char *at = path; *at != 0;) {
        size_t length = strcspn(at + 1, "/");
        bool dots = (length == 1 && at[1] == '.') || (length == 2 && at[1] == '.' && at[2] == '.');
        if (length == 0 || dots) {
            return false;
        }
        at += 1 + length;
    }
    for (size_t i = 0; i < sizeof system_folders / sizeof *system_folders; i++) {
        if (is_at_or_below(path, system_folders[i])) {
            return false;
        }
    }
    return true;
}

static bool has_serial(const char *device, const char *serial) {
    char path[DEVICE_BYTES];
    char found[SERIAL_BYTES + 2];
    snprintf(path, sizeof path, "/sys/class/block/%s/serial", device);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, found, sizeof found - 1);
    if (fd >= 0) {
        close(fd);
    }
    found[n > 0 ? n : 0] = 0;
    found[strcspn(found, "\n")] = 0;
    return n > 0 && strcmp(found, serial) == 0;
}

static bool find_disk(const char *serial, char path[DEVICE_BYTES]) {
    DIR *all = opendir("/sys/class/block");
    bool found = false;
    struct dirent *entry;
    while (all != NULL && !found && (entry = readdir(all)) != NULL) {
        found = entry->d_name[0] != '.' && has_serial(entry->d_name, serial);
        if (found) {
            snprintf(path, DEVICE_BYTES, "/dev/%s", entry->d_name);
        }
    }
    if (all != NULL) {
        closedir(all);
    }
    return found;
}

/* A disk may show up a moment after the root did. */
static bool await_disk(const char *serial, char path[DEVICE_BYTES]) {
    int64_t end = now_ms() + WAIT_MS;
    struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    while (!find_disk(serial, path)) {
        if (now_ms() > end) {
            return false;
        }
        nanosleep(&step, NULL);
    }
    return true;
}

static bool make_folders(const char *path) {
    char made[MAX_PATH];
    struct stat status;
    for (const char *at = path; *at != 0;) {
        at += 1 + strcspn(at + 1, "/");
        snprintf(made, sizeof made, "%.*s", (int)(at - path), path);
        if (mkdir(made, 0755) < 0 && errno != EEXIST && stat(made, &status) < 0) {
            return false;
        }
    }
    if (stat(path, &status) < 0) {
        return false;
    }
    errno = ENOTDIR;
    return S_ISDIR(status.st_mode);
}

static bool is_empty(int folder) {
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *all = copy < 0 ? NULL : fdopendir(copy);
    int entries = 0;
    while (all != NULL && readdir(all) != NULL) {
        entries++;
    }
    if (all != NULL) {
        closedir(all);
    }
    return all != NULL && entries <= 2;
}

/* A volume with nothing in it belongs to whom the image's folder does that it covers. */
static void give_owner(const char *path, const struct stat *covered) {
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0 && is_empty(folder)
        && (fchown(folder, covered->st_uid, covered->st_gid) < 0 || fchmod(folder, covered->st_mode & 07777) < 0)) {
        dprintf(2, "stardust-agent: cannot change the owner of %s: %s\n", path, strerror(errno));
    }
    if (folder >= 0) {
        close(folder);
    }
}

/* What went wrong, with errno; NULL when it is mounted. */
static const char *mount_one(const char *serial, const char *path, bool read_only) {
    char disk[DEVICE_BYTES];
    struct stat covered;
    if (!await_disk(serial, disk)) {
        errno = ENODEV;
        return "this machine has no such disk";
    }
    if (!make_folders(path) || stat(path, &covered) < 0) {
        return "the folder cannot be made";
    }
    if (mount(disk, path, type, MS_NODEV | (read_only ? MS_RDONLY : 0), NULL) < 0) {
        return read_only && errno == EROFS ? "it was not unmounted when it was last written to: start a VM that may write to it"
                                           : "the disk cannot be mounted";
    }
    if (!read_only) {
        give_owner(path, &covered);
    }
    return NULL;
}

static struct volume *find(const char *serial) {
    for (int i = 0; i < count; i++) {
        if (strcmp(mounted[i].serial, serial) == 0) {
            return &mounted[i];
        }
    }
    return NULL;
}

static void done(uint32_t stream) {
    send_frame(F_DONE, stream, NULL, 0);
}

void volume_mount(const struct frame *frame) {
    char *serial = text_field(frame, T_NAME);
    char *path = text_field(frame, T_PATH);
    bool read_only = number_field(frame, T_CODE, 0) != 0;
    struct volume *known = is_serial(serial) ? find(serial) : NULL;
    if (!is_serial(serial) || !is_place(path)) {
        fail(frame->stream, EINVAL, "a volume has the serial number of a disk, and a folder of its own");
    } else if (known != NULL && strcmp(known->path, path) == 0) {
        done(frame->stream);
    } else if (known != NULL || count == MAX_VOLUMES) {
        fail(frame->stream, EBUSY, "that disk is mounted already, or too many are");
    } else {
        const char *wrong = mount_one(serial, path, read_only);
        if (wrong != NULL) {
            fail(frame->stream, errno, "%s", wrong);
        } else {
            struct volume *volume = &mounted[count++];
            strcpy(volume->serial, serial);
            volume->path = path;
            path = NULL;
            done(frame->stream);
        }
    }
    free(serial);
    free(path);
}
