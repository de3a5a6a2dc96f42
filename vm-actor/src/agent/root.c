#define _GNU_SOURCE
#include "root.h"

#include "blocks.h"
#include "cmdline.h"
#include "modules.h"
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

enum { WAIT_MS = 20000, STEP_MS = 10, PATH_BYTES = 256, OPTIONS_BYTES = 4096 };

static const char new_root[] = "/newroot";

static const struct option {
    const char *name;
    unsigned long flag;
} options[] = {
    {"ro", MS_RDONLY},
    {"rw", 0},
    {"defaults", 0},
    {"noatime", MS_NOATIME},
    {"nodiratime", MS_NODIRATIME},
    {"relatime", MS_RELATIME},
    {"strictatime", MS_STRICTATIME},
    {"lazytime", MS_LAZYTIME},
    {"sync", MS_SYNCHRONOUS},
    {"dirsync", MS_DIRSYNC},
    {"nodev", MS_NODEV},
    {"nosuid", MS_NOSUID},
    {"noexec", MS_NOEXEC},
};

/* Takes the words that every filesystem knows out of `flags`; what is left is for the filesystem itself. */
static unsigned long split_flags(const char *flags, char left[OPTIONS_BYTES]) {
    unsigned long bits = 0;
    char *words = strdup(flags);
    char *rest;
    left[0] = 0;
    for (char *word = strtok_r(words, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        bool known = false;
        for (size_t i = 0; i < sizeof options / sizeof *options && !known; i++) {
            known = strcmp(word, options[i].name) == 0;
            bits |= known ? options[i].flag : 0;
        }
        if (!known) {
            size_t length = strlen(left);
            snprintf(left + length, OPTIONS_BYTES - length, "%s%s", length > 0 ? "," : "", word);
        }
    }
    free(words);
    return bits;
}

static bool wait_for(const char *which, char path[PATH_BYTES]) {
    int64_t end = now_ms() + WAIT_MS;
    struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    modules_for_devices();
    while (!block_find(which, path, PATH_BYTES)) {
        if (now_ms() > end) {
            dprintf(2, "stardust-agent: there is no root %s after %d s\n", which, WAIT_MS / 1000);
            return false;
        }
        nanosleep(&step, NULL);
        modules_for_devices();
    }
    return true;
}

bool root_mount(void) {
    const char *which = cmdline_word("stardust.root");
    const char *type = cmdline_word("stardust.rootfstype");
    const char *flags = cmdline_word("stardust.rootflags");
    char path[PATH_BYTES];
    char left[OPTIONS_BYTES];
    if (which == NULL) {
        dprintf(2, "stardust-agent: the command line has no stardust.root=\n");
        return false;
    }
    if (!wait_for(which, path)) {
        return false;
    }
    type = type != NULL ? type : block_type(path);
    if (type == NULL) {
        dprintf(2, "stardust-agent: %s has no filesystem that is known here; say which by stardust.rootfstype=\n", path);
        return false;
    }
    modules_for_filesystem(type);
    if (cmdline_word("stardust.volumes") != NULL) {
        modules_for_filesystem("ext4");
    }
    unsigned long bits = split_flags(flags == NULL ? "" : flags, left);
    bits |= cmdline_word("stardust.ro") != NULL ? MS_RDONLY : 0;
    mkdir(new_root, 0755);
    int failed = mount(path, new_root, type, bits, left);
    if (failed < 0 && (errno == EACCES || errno == EROFS)) {
        failed = mount(path, new_root, type, bits | MS_RDONLY, left); /* It cannot be written: squashfs, a CD. */
    }
    if (failed < 0) {
        dprintf(2, "stardust-agent: cannot mount %s as %s: %s\n", path, type, strerror(errno));
    }
    return failed == 0;
}

static void move(const char *folder) {
    char target[PATH_BYTES];
    snprintf(target, sizeof target, "%s%s", new_root, folder);
    mkdir(target, 0755);
    if (mount(folder, target, NULL, MS_MOVE, NULL) < 0) {
        dprintf(2, "stardust-agent: the root has no folder %s: %s\n", folder, strerror(errno));
    }
}

bool root_switch(void) {
    move("/dev");
    move("/proc");
    move("/sys");
    if (chdir(new_root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0) {
        dprintf(2, "stardust-agent: cannot switch to the root: %s\n", strerror(errno));
        return false;
    }
    return true;
}

static void free_below(int folder, dev_t device) {
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *all = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;
    while (all != NULL && (entry = readdir(all)) != NULL) {
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0
            || fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 || status.st_dev != device) {
            continue;
        }
        if (S_ISDIR(status.st_mode)) {
            int inner = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (inner >= 0) {
                free_below(inner, device);
                close(inner);
            }
        }
        unlinkat(folder, entry->d_name, S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0);
    }
    if (all != NULL) {
        closedir(all);
    }
}

void root_free(int folder) {
    struct stat status;
    if (fstat(folder, &status) == 0) {
        free_below(folder, status.st_dev);
    }
}
