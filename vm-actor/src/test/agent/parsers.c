/* What the agent makes of packets and disks: a file a line on standard input, one line of what was read on standard output. */
#include "dhcp_packet.h"
#include "superblock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct dhcp_question question = {.transaction = 0x01020304, .hardware = {2, 0, 0, 0, 0, 9}};

static void packet(const char *path) {
    uint8_t bytes[2048];
    struct dhcp_answer answer;
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, bytes, sizeof bytes);
    close(fd);
    /* A copy of just that size, so that a byte too many is noticed. */
    uint8_t exact[n > 0 ? n : 1];
    memcpy(exact, bytes, n > 0 ? (size_t)n : 0);
    if (n < 0 || !dhcp_read(exact, (size_t)n, &question, &answer)) {
        printf("none\n");
        return;
    }
    printf("%d %08x/%d via %08x by %08x for %u:", answer.type, answer.address.address, answer.address.prefix,
           answer.address.gateway, answer.server, answer.seconds);
    for (int i = 0; i < answer.address.name_server_count; i++) {
        printf(" %08x", answer.address.name_servers[i]);
    }
    printf("\n");
}

static void disk(const char *path) {
    struct superblock block;
    char uuid[UUID_TEXT] = "";
    int fd = open(path, O_RDONLY);
    bool known = superblock_read(fd, &block);
    bool part = partition_uuid(fd, 1, 512, uuid);
    close(fd);
    printf("%s %s [%s] %s\n", known ? block.type : "none", block.uuid, block.label, part ? uuid : "none");
}

int main(void) {
    char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] == 'p') {
            packet(line + 2);
        } else {
            disk(line + 2);
        }
        fflush(stdout);
    }
    return 0;
}
