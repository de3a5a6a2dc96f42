/* What the kernel is told of interfaces, addresses and routes. All return false with errno. */
#ifndef STARDUST_NETLINK_H
#define STARDUST_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

bool link_up(int interface);
bool address_add(int interface, uint32_t address, uint8_t prefix);
bool address_remove(int interface, uint32_t address, uint8_t prefix);
/* The way to everywhere else. */
bool route_default(int interface, uint32_t gateway);

#endif
