/* What is waited for. */
#include "agent.h"

#include <poll.h>

enum { MAX_WATCHED = 3 * MAX_STREAMS + 8 };

static struct {
    int fd;
    short events;
    void (*ready)(void *context, short events);
    void *context;
} watched[MAX_WATCHED];
static size_t count;

void watch(int fd, short events, void (*ready)(void *context, short events), void *context) {
    size_t i = 0;
    while (i < count && watched[i].fd != fd) {
        i++;
    }
    if (i == MAX_WATCHED) {
        return; /* There are not that many descriptors. */
    }
    watched[i].fd = fd;
    watched[i].events = events;
    watched[i].ready = ready;
    watched[i].context = context;
    count += i == count ? 1 : 0;
}

void unwatch(int fd) {
    for (size_t i = 0; i < count; i++) {
        if (watched[i].fd == fd) {
            watched[i] = watched[--count];
            return;
        }
    }
}

void poll_once(int timeout_ms) {
    struct pollfd fds[MAX_WATCHED];
    size_t n = count;
    for (size_t i = 0; i < n; i++) {
        fds[i] = (struct pollfd){.fd = watched[i].fd, .events = watched[i].events};
    }
    if (poll(fds, n, timeout_ms) <= 0) {
        return;
    }
    for (size_t k = 0; k < n; k++) {
        if (fds[k].revents == 0) {
            continue;
        }
        /* An earlier callback may have ended this one's descriptor. */
        for (size_t i = 0; i < count; i++) {
            if (watched[i].fd == fds[k].fd) {
                watched[i].ready(watched[i].context, fds[k].revents);
                break;
            }
        }
    }
}
