#define _GNU_SOURCE
#include "mounts.h"

#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_MOUNTS = 256 };

static void mount_at(const char *type, const char *folder, unsigned long flags, const char *options) {
    mkdir(folder, 0755); /* Where it is not there and cannot be made, the mount fails. */
    if (mount(type, folder, type, flags, options) < 0 && errno != EBUSY && errno != ENOENT && errno != ENODEV) {
        dprintf(2, "stardust-agent: cannot mount %s at %s: %s\n", type, folder, strerror(errno));
    }
}

void mounts_begin(void) {
    mount_at("devtmpfs", "/dev", MS_NOSUID, "mode=0755");
    mount_at("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_at("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static bool is_empty_folder(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return false;
    }
    int entries = 0;
    while (entries < 3 && readdir(folder) != NULL) {
        entries++;
    }
    closedir(folder);
    return entries < 3;
}

static void link_at(const char *target, const char *path) {
    if (symlink(target, path) < 0 && errno != EEXIST) {
        dprintf(2, "stardust-agent: cannot make %s: %s\n", path, strerror(errno));
    }
}

void mounts_of_system(void) {
    mount_at("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666");
    mount_at("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
    mount_at("mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_at("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755");
    mount_at("cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    if (is_empty_folder("/tmp")) {
        mount_at("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
    }
    link_at("/proc/self/fd", "/dev/fd");
    link_at("/proc/self/fd/0", "/dev/stdin");
    link_at("/proc/self/fd/1", "/dev/stdout");
    link_at("/proc/self/fd/2", "/dev/stderr");
}

void mounts_end(void) {
    static char *folders[MAX_MOUNTS];
    int count = 0;
    sync();
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    struct mntent *mount_entry;
    while (mounts != NULL && count < MAX_MOUNTS && (mount_entry = getmntent(mounts)) != NULL) {
        if (strcmp(mount_entry->mnt_dir, "/") != 0 && strncmp(mount_entry->mnt_fsname, "/dev/", 5) == 0) {
            folders[count++] = strdup(mount_entry->mnt_dir);
        }
    }
    if (mounts != NULL) {
        endmntent(mounts);
    }
    while (count > 0) {
        count--;
        if (umount(folders[count]) < 0 && mount(NULL, folders[count], NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0) {
            dprintf(2, "stardust-agent: cannot unmount %s: %s\n", folders[count], strerror(errno));
        }
        free(folders[count]);
    }
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0) {
        dprintf(2, "stardust-agent: cannot make the root read-only: %s\n", strerror(errno));
    }
    sync();
}
