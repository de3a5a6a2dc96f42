#include "poll.h"

#include "agent.h"

#include <limits.h>
#include <poll.h>
#include <time.h>

enum { MAX_WATCHED = 3 * MAX_STREAMS + 32 };

static struct {
    int fd;
    short events;
    void (*ready)(void *context, short events);
    void *context;
} watched[MAX_WATCHED];
static size_t count;

static struct timer *timers;

int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

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

void timer_set(struct timer *timer, int64_t delay_ms) {
    timer_stop(timer);
    timer->due_ms = now_ms() + delay_ms;
    timer->set = true;
    timer->next = timers;
    timers = timer;
}

void timer_stop(struct timer *timer) {
    for (struct timer **at = &timers; *at != NULL; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            break;
        }
    }
    timer->set = false;
}

static int timeout_ms(void) {
    int64_t least = -1;
    for (struct timer *timer = timers; timer != NULL; timer = timer->next) {
        int64_t left = timer->due_ms - now_ms();
        left = left < 0 ? 0 : left;
        least = least < 0 || left < least ? left : least;
    }
    return least > INT_MAX ? INT_MAX : (int)least;
}

static void fire(void) {
    int64_t now = now_ms();
    struct timer *timer = timers;
    while (timer != NULL) {
        if (timer->due_ms > now) {
            timer = timer->next;
            continue;
        }
        timer_stop(timer);
        timer->fire();
        timer = timers; /* It may have changed them. */
    }
}

void poll_once(void) {
    struct pollfd fds[MAX_WATCHED];
    size_t n = count;
    for (size_t i = 0; i < n; i++) {
        fds[i] = (struct pollfd){.fd = watched[i].fd, .events = watched[i].events};
    }
    int ready = poll(fds, n, timeout_ms());
    for (size_t k = 0; ready > 0 && k < n; k++) {
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
    fire();
}
