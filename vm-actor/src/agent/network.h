/* The machine's network, as the command line has it. */
#ifndef STARDUST_NETWORK_H
#define STARDUST_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

enum { MAX_NAME_SERVERS = 3 };

/* An address and what goes with it; numbers as they are, 0 for none. */
struct address {
    uint32_t address;
    uint8_t prefix;
    uint32_t gateway;
    uint32_t name_servers[MAX_NAME_SERVERS];
    int name_server_count;
};

/* Sets up the loopback, and what stardust.ip= asks for; waits until it is there, or there is no hope any more. */
void network_begin(void);
/* Gives the interface that address, instead of one it had. */
void network_apply(int interface, const struct address *address, const struct address *before);
/* ADDRESS/PREFIX,GATEWAY,SERVER...; the gateway and the servers may be missing. */
bool network_parse(const char *text, struct address *address);

#endif
