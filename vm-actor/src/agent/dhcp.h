/* An address from a DHCP server, kept for as long as it is lent. */
#ifndef STARDUST_DHCP_H
#define STARDUST_DHCP_H

#include <stdbool.h>

/* Asks for one, and goes on to as long as the machine runs; false with errno when nothing can be asked. */
bool dhcp_begin(int interface);
bool dhcp_has_lease(void);

#endif
