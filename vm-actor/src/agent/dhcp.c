#define _GNU_SOURCE
#include "dhcp.h"

#include "dhcp_packet.h"
#include "poll.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_PORT = 67, CLIENT_PORT = 68, FIRST_RETRY_MS = 1000, MAX_RETRY_MS = 16000, REQUESTS = 4, RENEW_RETRY_MS = 60000 };

/* SELECTING and REQUESTING have no address; RENEWING asks the server that lent it, REBINDING any. */
static enum { SELECTING, REQUESTING, BOUND, RENEWING, REBINDING } state;

static int fd = -1;
static int interface;
static struct dhcp_question question;
static struct dhcp_answer offer;
static struct dhcp_answer lease;
static int64_t lent_ms; /* when what we have was asked for */
static int64_t asked_ms;
static int64_t retry_ms;
static int asked;

static void go_on(void);

static struct timer next_step = {.fire = go_on};

bool dhcp_has_lease(void) {
    return lease.address.address != 0;
}

static uint32_t random_number(void) {
    uint32_t number;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
        number = (uint32_t)now_ms() * 2654435761U ^ (uint32_t)question.hardware[5] << 16; /* So early there may be none. */
    }
    return number;
}

static void ask(uint8_t type, uint32_t to) {
    uint8_t packet[DHCP_PACKET_BYTES];
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(SERVER_PORT),
        .sin_addr.s_addr = htonl(to),
    };
    question.type = type;
    size_t length = dhcp_write(&question, packet);
    asked_ms = now_ms();
    /* One that cannot be sent is sent again, as one that is lost. */
    sendto(fd, packet, length, 0, (struct sockaddr *)&address, sizeof address);
}

static void select_anew(void) {
    state = SELECTING;
    question.transaction = random_number();
    question.own = 0;
    question.requested = 0;
    question.server = 0;
    retry_ms = FIRST_RETRY_MS;
    ask(DHCP_DISCOVER, INADDR_BROADCAST);
    timer_set(&next_step, retry_ms);
}

static void lose_lease(void) {
    struct dhcp_answer before = lease;
    memset(&lease, 0, sizeof lease);
    network_apply(interface, &lease.address, &before.address);
    select_anew();
}

static int64_t left_ms(void) {
    return lent_ms + (int64_t)lease.seconds * 1000 - now_ms();
}

/* Half the time that is left, as the standard has it, but not all the time. */
static int64_t until_next_ms(int64_t end_ms) {
    int64_t half = (end_ms - now_ms()) / 2;
    return half > RENEW_RETRY_MS ? half : end_ms - now_ms() > RENEW_RETRY_MS ? RENEW_RETRY_MS : end_ms - now_ms();
}

static void renew(void) {
    if (left_ms() <= 0) {
        lose_lease();
        return;
    }
    int64_t rebind_ms = lent_ms + (int64_t)lease.seconds * 875;
    if (state == BOUND) {
        question.transaction = random_number();
        question.own = lease.address.address;
        question.requested = 0;
        question.server = 0;
    }
    state = now_ms() < rebind_ms ? RENEWING : REBINDING;
    ask(DHCP_REQUEST, state == RENEWING ? lease.server : INADDR_BROADCAST);
    int64_t next = until_next_ms(state == RENEWING ? rebind_ms : lent_ms + (int64_t)lease.seconds * 1000);
    timer_set(&next_step, next > 0 ? next : 0);
}

static void request_offer(void) {
    state = REQUESTING;
    question.requested = offer.address.address;
    question.server = offer.server;
    ask(DHCP_REQUEST, INADDR_BROADCAST);
    timer_set(&next_step, FIRST_RETRY_MS);
}

static void bind_to(const struct dhcp_answer *answer) {
    struct dhcp_answer before = lease;
    lease = *answer;
    lent_ms = asked_ms;
    state = BOUND;
    network_apply(interface, &lease.address, &before.address);
    timer_set(&next_step, (int64_t)lease.seconds * 500);
}

/* Nobody has answered, or the time for the next question has come. */
static void go_on(void) {
    if (state == SELECTING) {
        retry_ms = retry_ms * 2 < MAX_RETRY_MS ? retry_ms * 2 : MAX_RETRY_MS;
        ask(DHCP_DISCOVER, INADDR_BROADCAST);
        timer_set(&next_step, retry_ms - (int64_t)(random_number() % 500));
    } else if (state == REQUESTING && ++asked < REQUESTS) {
        request_offer();
    } else if (state == REQUESTING) {
        select_anew();
    } else {
        renew();
    }
}

static void take(const struct dhcp_answer *answer) {
    if (state == SELECTING && answer->type == DHCP_OFFER) {
        offer = *answer;
        asked = 0;
        request_offer();
    } else if (state == REQUESTING && answer->server == offer.server) {
        if (answer->type == DHCP_ACK) {
            bind_to(answer);
        } else if (answer->type == DHCP_NAK) {
            select_anew();
        }
    } else if (state == RENEWING || state == REBINDING) {
        if (state == RENEWING && answer->server != lease.server) {
            return;
        }
        if (answer->type == DHCP_ACK) {
            bind_to(answer);
        } else if (answer->type == DHCP_NAK) {
            lose_lease();
        }
    }
}

static void readable(void *context, short events) {
    (void)context;
    (void)events;
    uint8_t packet[2048];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t n;
    struct dhcp_answer answer;
    while ((n = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &size)) >= 0) {
        if (ntohs(from.sin_port) == SERVER_PORT && dhcp_read(packet, (size_t)n, &question, &answer)) {
            take(&answer);
        }
        size = sizeof from;
    }
}

/* The interface's own name and address, by which a server knows it. */
static bool identify(char name[IFNAMSIZ]) {
    struct ifreq request = {0};
    if (if_indextoname((unsigned int)interface, name) == NULL) {
        return false;
    }
    memcpy(request.ifr_name, name, IFNAMSIZ);
    if (ioctl(fd, SIOCGIFHWADDR, &request) < 0) {
        return false;
    }
    memcpy(question.hardware, request.ifr_hwaddr.sa_data, HARDWARE_BYTES);
    if (gethostname(question.host, sizeof question.host - 1) < 0 || strcmp(question.host, "(none)") == 0) {
        question.host[0] = 0;
    }
    return true;
}

bool dhcp_begin(int index) {
    char name[IFNAMSIZ];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(CLIENT_PORT)};
    int on = 1;
    interface = index;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !identify(name) || setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0
        || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0
        || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) < 0
        || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        return false;
    }
    watch(fd, POLLIN, readable, NULL);
    select_anew();
    return true;
}
