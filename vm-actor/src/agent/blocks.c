#define _GNU_SOURCE
#include "blocks.h"

#include "superblock.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 320 };

static int open_block(const char *path) {
    return open(path, O_RDONLY | O_CLOEXEC);
}

static unsigned long number_of(const char *device, const char *attribute) {
    char path[PATH_BYTES];
    unsigned long number = 0;
    snprintf(path, sizeof path, "/sys/class/block/%s/%s", device, attribute);
    FILE *in = fopen(path, "re");
    if (in != NULL) {
        if (fscanf(in, "%lu", &number) != 1) {
            number = 0;
        }
        fclose(in);
    }
    return number;
}

/* The name of the disk that a partition is of: its folder lies in the disk's. */
static bool disk_of(const char *partition, char *disk, size_t length) {
    char link[PATH_BYTES];
    char target[PATH_BYTES];
    snprintf(link, sizeof link, "/sys/class/block/%s", partition);
    ssize_t n = readlink(link, target, sizeof target - 1);
    if (n <= 0) {
        return false;
    }
    target[n] = 0;
    char *last = strrchr(target, '/');
    if (last == NULL) {
        return false;
    }
    *last = 0;
    char *parent = strrchr(target, '/');
    return parent != NULL && snprintf(disk, length, "%s", parent + 1) < (int)length;
}

static bool has_partition_uuid(const char *device, const char *uuid) {
    char disk[NAME_MAX + 1];
    char path[PATH_BYTES];
    char found[UUID_TEXT];
    unsigned long partition = number_of(device, "partition");
    if (partition == 0 || !disk_of(device, disk, sizeof disk)) {
        return false;
    }
    snprintf(path, sizeof path, "/dev/%s", disk);
    int fd = open_block(path);
    bool same = fd >= 0 && partition_uuid(fd, partition, number_of(disk, "queue/logical_block_size"), found)
        && strcasecmp(found, uuid) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return same;
}

static bool has_superblock(const char *device, const char *uuid, const char *label) {
    char path[PATH_BYTES];
    struct superblock block;
    snprintf(path, sizeof path, "/dev/%s", device);
    int fd = open_block(path);
    bool same = fd >= 0 && superblock_read(fd, &block)
        && ((uuid != NULL && strcasecmp(block.uuid, uuid) == 0) || (label != NULL && strcmp(block.label, label) == 0));
    if (fd >= 0) {
        close(fd);
    }
    return same;
}

static const char *behind(const char *text, const char *prefix) {
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

bool block_find(const char *which, char *path, size_t length) {
    const char *uuid = behind(which, "UUID=");
    const char *label = behind(which, "LABEL=");
    const char *partition = behind(which, "PARTUUID=");
    if (uuid == NULL && label == NULL && partition == NULL) {
        struct stat status;
        return snprintf(path, length, "%s", which) < (int)length && stat(path, &status) == 0 && S_ISBLK(status.st_mode);
    }
    DIR *all = opendir("/sys/class/block");
    bool found = false;
    struct dirent *entry;
    while (all != NULL && !found && (entry = readdir(all)) != NULL) {
        if (entry->d_name[0] != '.') {
            found = partition != NULL ? has_partition_uuid(entry->d_name, partition)
                                      : has_superblock(entry->d_name, uuid, label);
            found = found && snprintf(path, length, "/dev/%s", entry->d_name) < (int)length;
        }
    }
    if (all != NULL) {
        closedir(all);
    }
    return found;
}

const char *block_type(const char *path) {
    struct superblock block;
    int fd = open_block(path);
    bool known = fd >= 0 && superblock_read(fd, &block);
    if (fd >= 0) {
        close(fd);
    }
    return known ? block.type : NULL;
}
