#include "abandon.h"

#include "host.h"
#include "poll.h"
#include "power.h"
#include "workload.h"

#include <unistd.h>

enum { LINGER_MS = 30000 };

static void end(void) {
    power_off(false);
}

static struct timer linger = {.fire = end};

void abandon_look(void) {
    if (getpid() != 1 || host_is_connected() || !workload_is_over()) {
        timer_stop(&linger);
    } else if (!linger.set) {
        timer_set(&linger, LINGER_MS);
    }
}
