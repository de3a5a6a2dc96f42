/* The files by which programs find names: /etc/resolv.conf and /etc/hosts. */
#ifndef STARDUST_RESOLVER_H
#define STARDUST_RESOLVER_H

#include "network.h"

/* Writes the name servers where the root can be written. */
void resolver_write(const struct address *address);

#endif
