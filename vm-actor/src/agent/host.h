/* Where the host is reached: one connection at a time, and for ever. */
#ifndef STARDUST_HOST_H
#define STARDUST_HOST_H

#include <stdbool.h>

/* Waits for the host at a unix socket, for tests; false with errno. */
bool host_at_socket(const char *path);
/* Waits for the host at the virtio-serial port or at vsock, once one is there. */
void host_at_devices(void);
/* One step: serves who is connected, and waits for what comes. */
void host_step(void);
bool host_is_connected(void);
/* The state of the port may have changed: SIGIO came. */
void host_look(void);

#endif
