#define _GNU_SOURCE
#include "network.h"

#include "cmdline.h"
#include "dhcp.h"
#include "netlink.h"
#include "poll.h"
#include "resolver.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { INTERFACE_WAIT_MS = 10000, DHCP_WAIT_MS = 15000, STEP_MS = 20, PATH_BYTES = 320, LOOPBACK = 1 };

static bool given_up;

static long attribute(const char *interface, const char *name) {
    char path[PATH_BYTES];
    long number = -1;
    snprintf(path, sizeof path, "/sys/class/net/%s/%s", interface, name);
    FILE *in = fopen(path, "re");
    if (in != NULL) {
        if (fscanf(in, "%ld", &number) != 1) {
            number = -1;
        }
        fclose(in);
    }
    return number;
}

/* The number of the first Ethernet interface, 0 when there is none. */
static int first_interface(void) {
    DIR *all = opendir("/sys/class/net");
    long least = 0;
    struct dirent *entry;
    while (all != NULL && (entry = readdir(all)) != NULL) {
        long number = entry->d_name[0] == '.' ? -1 : attribute(entry->d_name, "ifindex");
        if (number > 0 && attribute(entry->d_name, "type") == ARPHRD_ETHER && (least == 0 || number < least)) {
            least = number;
        }
    }
    if (all != NULL) {
        closedir(all);
    }
    return (int)least;
}

static int wait_for_interface(void) {
    int64_t end = now_ms() + INTERFACE_WAIT_MS;
    struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    int interface;
    while ((interface = first_interface()) == 0 && now_ms() < end) {
        nanosleep(&step, NULL);
    }
    return interface;
}

static bool parse_address(const char *text, uint32_t *address) {
    struct in_addr parsed;
    bool good = inet_pton(AF_INET, text, &parsed) == 1 && parsed.s_addr != 0;
    *address = good ? ntohl(parsed.s_addr) : 0;
    return good;
}

bool network_parse(const char *text, struct address *address) {
    memset(address, 0, sizeof *address);
    char *words = strdup(text);
    char *rest = words;
    char *own = strsep(&rest, ",");
    char *prefix = strchr(own, '/');
    bool good = prefix != NULL;
    if (good) {
        char *end;
        *prefix++ = 0;
        unsigned long bits = strtoul(prefix, &end, 10);
        good = *prefix >= '0' && *prefix <= '9' && *end == 0 && bits >= 1 && bits <= 32
            && parse_address(own, &address->address);
        address->prefix = (uint8_t)bits;
    }
    char *gateway = strsep(&rest, ",");
    good = good && (gateway == NULL || *gateway == 0 || parse_address(gateway, &address->gateway));
    char *server;
    while (good && (server = strsep(&rest, ",")) != NULL) {
        if (*server != 0) {
            good = address->name_server_count < MAX_NAME_SERVERS
                && parse_address(server, &address->name_servers[address->name_server_count++]);
        }
    }
    free(words);
    return good;
}

void network_apply(int interface, const struct address *address, const struct address *before) {
    if (before->address != 0 && (before->address != address->address || before->prefix != address->prefix)) {
        address_remove(interface, before->address, before->prefix);
    }
    if (address->address == 0) {
        return;
    }
    if (!address_add(interface, address->address, address->prefix)
        || (address->gateway != 0 && !route_default(interface, address->gateway))) {
        dprintf(2, "stardust-agent: cannot set the network up: %s\n", strerror(errno));
    }
    resolver_write(address);
}

static void give_up(void) {
    given_up = true;
}

static void wait_for_lease(void) {
    static struct timer limit = {.fire = give_up};
    timer_set(&limit, DHCP_WAIT_MS);
    while (!dhcp_has_lease() && !given_up) {
        poll_once();
    }
    timer_stop(&limit);
    if (given_up) {
        dprintf(2, "stardust-agent: no DHCP server has answered in %d s; it is asked on\n", DHCP_WAIT_MS / 1000);
    }
}

void network_begin(void) {
    const char *wanted = cmdline_word("stardust.ip");
    struct address address;
    bool dhcp = wanted != NULL && strcmp(wanted, "dhcp") == 0;
    link_up(LOOPBACK);
    if (wanted == NULL) {
        return;
    }
    if (!dhcp && !network_parse(wanted, &address)) {
        dprintf(2, "stardust-agent: stardust.ip=%s is neither dhcp nor ADDRESS/PREFIX,GATEWAY,SERVER\n", wanted);
        return;
    }
    int interface = wait_for_interface();
    if (interface == 0 || !link_up(interface)) {
        dprintf(2, "stardust-agent: there is no interface for stardust.ip=%s\n", wanted);
    } else if (dhcp) {
        if (dhcp_begin(interface)) {
            wait_for_lease();
        } else {
            dprintf(2, "stardust-agent: cannot ask for an address: %s\n", strerror(errno));
        }
    } else {
        network_apply(interface, &address, &(struct address){0});
    }
}
