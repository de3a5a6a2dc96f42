#define _GNU_SOURCE
#include "superblock.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { UUID_BYTES = 16, MIN_SECTOR_BYTES = 512, MAX_SECTOR_BYTES = 4096 };

/* Where the kinds have what; offsets in bytes from the disk's start, 0 for what a kind does not have. */
static const struct kind {
    const char *type;
    const char *magic;
    long magic_at;
    long uuid_at;
    long label_at;
    size_t label_bytes;
} kinds[] = {
    {"ext4", "\x53\xef", 0x438, 0x468, 0x478, 16}, /* ext2 and ext3 as well: its driver takes them. */
    {"xfs", "XFSB", 0, 32, 108, 12},
    {"btrfs", "_BHRfS_M", 0x10040, 0x10020, 0x1012b, 256},
    {"squashfs", "hsqs", 0, 0, 0, 0},
    {"erofs", "\xe2\xe1\xf5\xe0", 0x400, 0x430, 0x440, 16},
    {"iso9660", "CD001", 0x8001, 0, 0x8028, 32},
};

static bool bytes_at(int fd, long at, void *bytes, size_t length) {
    return pread(fd, bytes, length, at) == (ssize_t)length;
}

static bool is_zero(const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void write_uuid(const uint8_t b[UUID_BYTES], char text[UUID_TEXT]) {
    snprintf(
        text, UUID_TEXT, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
        b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

bool superblock_read(int fd, struct superblock *block) {
    memset(block, 0, sizeof *block);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct kind *kind = &kinds[i];
        char magic[8];
        uint8_t uuid[UUID_BYTES];
        size_t length = strlen(kind->magic);
        if (!bytes_at(fd, kind->magic_at, magic, length) || memcmp(magic, kind->magic, length) != 0) {
            continue;
        }
        block->type = kind->type;
        if (kind->uuid_at != 0 && bytes_at(fd, kind->uuid_at, uuid, sizeof uuid) && !is_zero(uuid, sizeof uuid)) {
            write_uuid(uuid, block->uuid);
        }
        if (kind->label_at != 0 && !bytes_at(fd, kind->label_at, block->label, kind->label_bytes)) {
            block->label[0] = 0;
        }
        /* One of ISO 9660 has blanks behind it. */
        for (size_t n = strlen(block->label); n > 0 && block->label[n - 1] == ' '; n--) {
            block->label[n - 1] = 0;
        }
        return true;
    }
    return false;
}

static uint32_t little32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t little64(const uint8_t *at) {
    return little32(at) | (uint64_t)little32(at + 4) << 32;
}

bool partition_uuid(int fd, unsigned long partition, unsigned long sector_bytes, char uuid[UUID_TEXT]) {
    uint8_t sector[MIN_SECTOR_BYTES];
    if (partition == 0 || partition > 0xffff || sector_bytes < MIN_SECTOR_BYTES || sector_bytes > MAX_SECTOR_BYTES) {
        return false;
    }
    if (bytes_at(fd, (long)sector_bytes, sector, sizeof sector) && memcmp(sector, "EFI PART", 8) == 0) {
        uint64_t table = little64(sector + 72);
        uint32_t count = little32(sector + 80);
        uint32_t entry_bytes = little32(sector + 84);
        uint8_t id[UUID_BYTES];
        if (partition > count || entry_bytes < 128 || entry_bytes > 4096 || table > INT64_MAX / MAX_SECTOR_BYTES / 2
            || !bytes_at(fd, (long)(table * sector_bytes + (partition - 1) * entry_bytes + 16), id, sizeof id)
            || is_zero(id, sizeof id)) {
            return false;
        }
        /* The first three parts are little-endian. */
        const uint8_t text[UUID_BYTES] = {
            id[3], id[2], id[1], id[0], id[5], id[4], id[7], id[6],
            id[8], id[9], id[10], id[11], id[12], id[13], id[14], id[15]};
        write_uuid(text, uuid);
        return true;
    }
    if (bytes_at(fd, 0, sector, sizeof sector) && sector[510] == 0x55 && sector[511] == 0xaa && little32(sector + 440) != 0) {
        snprintf(uuid, UUID_TEXT, "%08x-%02lx", little32(sector + 440), partition);
        return true;
    }
    return false;
}
