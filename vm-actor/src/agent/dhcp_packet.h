/* Packets of DHCP (RFC 2131, 2132). What comes in may be anything. */
#ifndef STARDUST_DHCP_PACKET_H
#define STARDUST_DHCP_PACKET_H

#include "network.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DHCP_PACKET_BYTES = 576, HARDWARE_BYTES = 6 };

enum { DHCP_DISCOVER = 1, DHCP_OFFER = 2, DHCP_REQUEST = 3, DHCP_ACK = 5, DHCP_NAK = 6 };

/* What is asked for; 0 for what is not said. */
struct dhcp_question {
    uint8_t type;
    uint32_t transaction;
    uint8_t hardware[HARDWARE_BYTES];
    uint32_t own;       /* an address that is in use */
    uint32_t requested; /* one that was offered */
    uint32_t server;    /* by whom */
    char host[65];
};

struct dhcp_answer {
    uint8_t type;
    uint32_t server;
    uint32_t seconds; /* how long the address is lent, at least a minute */
    struct address address;
};

/* Writes a question; its length. */
size_t dhcp_write(const struct dhcp_question *question, uint8_t packet[DHCP_PACKET_BYTES]);
/* Reads an answer to that question; false when it is none, or of no use. */
bool dhcp_read(const uint8_t *packet, size_t length, const struct dhcp_question *question, struct dhcp_answer *answer);

#endif
