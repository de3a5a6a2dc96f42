#include "dhcp_packet.h"

#include <string.h>

enum {
    BOOT_REQUEST = 1,
    BOOT_REPLY = 2,
    ETHERNET = 1,
    FLAG_BROADCAST = 0x80,
    AT_OWN = 12,
    AT_YOURS = 16,
    AT_HARDWARE = 28,
    AT_COOKIE = 236,
    AT_OPTIONS = 240,
    MIN_PACKET_BYTES = 300, /* Shorter ones are dropped by some relays. */
    MIN_SECONDS = 60,
};

enum {
    O_PAD = 0,
    O_MASK = 1,
    O_ROUTER = 3,
    O_NAME_SERVER = 6,
    O_HOST_NAME = 12,
    O_REQUESTED = 50,
    O_LEASE = 51,
    O_TYPE = 53,
    O_SERVER = 54,
    O_WANTED = 55,
    O_MAX_BYTES = 57,
    O_CLIENT = 61,
    O_END = 255,
};

static const uint8_t cookie[4] = {99, 130, 83, 99};

static uint32_t big_endian(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_number(uint8_t *at, uint32_t number) {
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(number >> (24 - 8 * i));
    }
}

static size_t put_option(uint8_t *packet, size_t at, uint8_t tag, const void *bytes, size_t length) {
    packet[at] = tag;
    packet[at + 1] = (uint8_t)length;
    memcpy(packet + at + 2, bytes, length);
    return at + 2 + length;
}

static size_t put_address(uint8_t *packet, size_t at, uint8_t tag, uint32_t address) {
    uint8_t bytes[4];
    put_number(bytes, address);
    return address == 0 ? at : put_option(packet, at, tag, bytes, sizeof bytes);
}

size_t dhcp_write(const struct dhcp_question *question, uint8_t packet[DHCP_PACKET_BYTES]) {
    static const uint8_t wanted[] = {O_MASK, O_ROUTER, O_NAME_SERVER, O_LEASE, O_SERVER};
    static const uint8_t max_bytes[] = {DHCP_PACKET_BYTES >> 8, DHCP_PACKET_BYTES & 0xff};
    uint8_t client[1 + HARDWARE_BYTES] = {ETHERNET};
    memset(packet, 0, DHCP_PACKET_BYTES);
    packet[0] = BOOT_REQUEST;
    packet[1] = ETHERNET;
    packet[2] = HARDWARE_BYTES;
    put_number(packet + 4, question->transaction);
    packet[10] = question->own == 0 ? FLAG_BROADCAST : 0; /* Without an address nothing else gets here. */
    put_number(packet + AT_OWN, question->own);
    memcpy(packet + AT_HARDWARE, question->hardware, HARDWARE_BYTES);
    memcpy(packet + AT_COOKIE, cookie, sizeof cookie);
    memcpy(client + 1, question->hardware, HARDWARE_BYTES);
    size_t at = put_option(packet, AT_OPTIONS, O_TYPE, &question->type, 1);
    at = put_option(packet, at, O_CLIENT, client, sizeof client);
    at = put_address(packet, at, O_REQUESTED, question->requested);
    at = put_address(packet, at, O_SERVER, question->server);
    at = put_option(packet, at, O_MAX_BYTES, max_bytes, sizeof max_bytes);
    at = put_option(packet, at, O_WANTED, wanted, sizeof wanted);
    size_t host = strnlen(question->host, sizeof question->host - 1);
    at = host == 0 ? at : put_option(packet, at, O_HOST_NAME, question->host, host);
    packet[at++] = O_END;
    return at < MIN_PACKET_BYTES ? MIN_PACKET_BYTES : at;
}

/* Whether a machine can have it. */
static bool is_usable(uint32_t address) {
    return address >> 24 != 0 && address >> 24 != 127 && address >> 28 < 14;
}

static uint8_t prefix_of(uint32_t mask) {
    uint8_t prefix = 0;
    while (prefix < 32 && (mask >> (31 - prefix) & 1) != 0) {
        prefix++;
    }
    return prefix < 32 && mask << prefix != 0 ? 0 : prefix; /* 0 if there are ones behind the first zero. */
}

static void read_servers(const uint8_t *bytes, size_t length, struct address *address) {
    for (size_t i = 0; i + 4 <= length && address->name_server_count < MAX_NAME_SERVERS; i += 4) {
        uint32_t server = big_endian(bytes + i);
        if (server >> 24 != 0 && server >> 28 < 14) {
            address->name_servers[address->name_server_count++] = server;
        }
    }
}

static void read_option(uint8_t tag, const uint8_t *bytes, size_t length, struct dhcp_answer *answer) {
    uint32_t number = length >= 4 ? big_endian(bytes) : 0;
    if (tag == O_TYPE && length == 1) {
        answer->type = bytes[0];
    } else if (tag == O_MASK && length == 4) {
        answer->address.prefix = prefix_of(number);
    } else if (tag == O_ROUTER && is_usable(number)) {
        answer->address.gateway = number;
    } else if (tag == O_NAME_SERVER) {
        read_servers(bytes, length, &answer->address);
    } else if (tag == O_LEASE && length == 4) {
        answer->seconds = number;
    } else if (tag == O_SERVER && length == 4) {
        answer->server = number;
    }
}

bool dhcp_read(const uint8_t *packet, size_t length, const struct dhcp_question *question, struct dhcp_answer *answer) {
    memset(answer, 0, sizeof *answer);
    if (length < AT_OPTIONS || packet[0] != BOOT_REPLY || packet[1] != ETHERNET || packet[2] != HARDWARE_BYTES
        || big_endian(packet + 4) != question->transaction
        || memcmp(packet + AT_HARDWARE, question->hardware, HARDWARE_BYTES) != 0
        || memcmp(packet + AT_COOKIE, cookie, sizeof cookie) != 0) {
        return false;
    }
    size_t at = AT_OPTIONS;
    while (at < length && packet[at] != O_END) {
        if (packet[at] == O_PAD) {
            at++;
            continue;
        }
        if (length - at < 2 || packet[at + 1] > length - at - 2) {
            return false;
        }
        read_option(packet[at], packet + at + 2, packet[at + 1], answer);
        at += 2 + (size_t)packet[at + 1];
    }
    if (answer->type == DHCP_NAK) {
        return true;
    }
    answer->address.address = big_endian(packet + AT_YOURS);
    uint32_t address = answer->address.address;
    if (answer->address.prefix == 0) {
        answer->address.prefix = address >> 31 == 0 ? 8 : address >> 30 == 2 ? 16 : 24; /* As of old. */
    }
    answer->seconds = answer->seconds < MIN_SECONDS ? MIN_SECONDS : answer->seconds;
    return (answer->type == DHCP_OFFER || answer->type == DHCP_ACK) && is_usable(address) && is_usable(answer->server);
}
