#define _GNU_SOURCE
#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A request with room for a few attributes. */
struct request {
    struct nlmsghdr head;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
        struct rtmsg route;
        uint8_t bytes[256];
    } body;
};

static struct request begin(uint16_t type, uint16_t flags, size_t body_bytes) {
    struct request request;
    memset(&request, 0, sizeof request);
    request.head.nlmsg_type = type;
    request.head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    request.head.nlmsg_len = (uint32_t)NLMSG_LENGTH(body_bytes);
    return request;
}

static void add_number(struct request *request, uint16_t type, uint32_t number) {
    struct rtattr attribute = {.rta_type = type, .rta_len = RTA_LENGTH(sizeof number)};
    uint8_t *at = (uint8_t *)request + NLMSG_ALIGN(request->head.nlmsg_len);
    memcpy(at, &attribute, sizeof attribute);
    memcpy(at + RTA_LENGTH(0), &number, sizeof number);
    request->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(request->head.nlmsg_len) + RTA_LENGTH(sizeof number));
}

static bool send_request(const struct request *request) {
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        uint8_t more[512];
    } answer;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) {
        return false;
    }
    bool good = send(fd, request, request->head.nlmsg_len, 0) >= 0;
    if (good && recv(fd, &answer, sizeof answer, 0) >= (ssize_t)NLMSG_LENGTH(sizeof(int))) {
        errno = answer.head.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
        good = errno == 0;
    }
    int error = errno;
    close(fd);
    errno = error;
    return good;
}

bool link_up(int interface) {
    struct request request = begin(RTM_NEWLINK, 0, sizeof request.body.link);
    request.body.link.ifi_index = interface;
    request.body.link.ifi_flags = IFF_UP;
    request.body.link.ifi_change = IFF_UP;
    return send_request(&request);
}

static struct request address_request(uint16_t type, uint16_t flags, int interface, uint32_t address, uint8_t prefix) {
    struct request request = begin(type, flags, sizeof request.body.address);
    request.body.address.ifa_family = AF_INET;
    request.body.address.ifa_prefixlen = prefix;
    request.body.address.ifa_index = (uint32_t)interface;
    add_number(&request, IFA_LOCAL, htonl(address));
    add_number(&request, IFA_ADDRESS, htonl(address));
    return request;
}

bool address_add(int interface, uint32_t address, uint8_t prefix) {
    struct request request = address_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, interface, address, prefix);
    if (prefix < 31) {
        add_number(&request, IFA_BROADCAST, htonl(address | 0xffffffffU >> prefix));
    }
    return send_request(&request);
}

bool address_remove(int interface, uint32_t address, uint8_t prefix) {
    struct request request = address_request(RTM_DELADDR, 0, interface, address, prefix);
    return send_request(&request);
}

bool route_default(int interface, uint32_t gateway) {
    struct request request = begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.body.route);
    request.body.route.rtm_family = AF_INET;
    request.body.route.rtm_table = RT_TABLE_MAIN;
    request.body.route.rtm_protocol = RTPROT_BOOT;
    request.body.route.rtm_scope = RT_SCOPE_UNIVERSE;
    request.body.route.rtm_type = RTN_UNICAST;
    request.body.route.rtm_flags = RTNH_F_ONLINK; /* It may be outside of the address's own net. */
    add_number(&request, RTA_GATEWAY, htonl(gateway));
    add_number(&request, RTA_OIF, (uint32_t)interface);
    return send_request(&request);
}
