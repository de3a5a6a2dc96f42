#define _GNU_SOURCE
#include "filesystems.h"

#include "poll.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MAX_FROZEN = 64 };

/* In the order in which they were frozen. Held open: nothing must be looked up while they are frozen. */
static int frozen[MAX_FROZEN];
static int count;

static void let_go(void) {
    filesystems_thaw();
}

static struct timer deadline = {.fire = let_go};

/* Freezes what is mounted there; false with errno, true also when it is nothing that can be frozen. */
static bool freeze(const struct mntent *mount) {
    if (strncmp(mount->mnt_fsname, "/dev/", 5) != 0 || hasmntopt(mount, "ro") != NULL || count == MAX_FROZEN) {
        return true;
    }
    int fd = open(mount->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOTDIR || errno == ENOENT;
    }
    if (ioctl(fd, FIFREEZE, 0) < 0) {
        /* Mounted twice, and frozen already; or of a kind that cannot be. */
        bool good = errno == EBUSY || errno == EOPNOTSUPP || errno == EINVAL;
        int error = errno;
        close(fd);
        errno = error;
        return good;
    }
    frozen[count++] = fd;
    return true;
}

const char *filesystems_freeze(unsigned int limit_s) {
    static char failed[256];
    if (count > 0) {
        filesystems_thaw();
    }
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    if (mounts == NULL) {
        return "what is mounted";
    }
    bool good = true;
    struct mntent *mount;
    while (good && (mount = getmntent(mounts)) != NULL) {
        good = freeze(mount);
        if (!good) {
            int error = errno;
            snprintf(failed, sizeof failed, "%s", mount->mnt_dir);
            filesystems_thaw();
            errno = error;
        }
    }
    int error = errno;
    endmntent(mounts);
    errno = error;
    if (good) {
        timer_set(&deadline, limit_s * 1000LL);
    }
    return good ? NULL : failed;
}

bool filesystems_thaw(void) {
    bool any = count > 0;
    timer_stop(&deadline);
    while (count > 0) {
        int fd = frozen[--count];
        ioctl(fd, FITHAW, 0);
        close(fd);
    }
    return any;
}
