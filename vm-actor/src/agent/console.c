#define _GNU_SOURCE
#include "console.h"

#include "poll.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* A longer line is cut. */
enum { LINE_BYTES = 4096, WAITING_BYTES = 4 * LINE_BYTES };

static int console = -1;

/* What is no whole line yet, of the output and of the errors. */
static struct {
    uint8_t bytes[LINE_BYTES];
    size_t length;
} lines[2];

static uint8_t waiting[WAITING_BYTES];
static size_t waiting_length;

void console_open(const char *path) {
    console = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static void end_line(int which) {
    memcpy(waiting + waiting_length, lines[which].bytes, lines[which].length);
    waiting_length += lines[which].length;
    lines[which].length = 0;
}

size_t console_take(bool errors, const uint8_t *bytes, size_t length) {
    int which = errors ? 1 : 0;
    size_t done = 0;
    while (done < length) {
        if (waiting_length + LINE_BYTES > WAITING_BYTES) {
            console_pour();
            if (waiting_length + LINE_BYTES > WAITING_BYTES) {
                break;
            }
        }
        uint8_t byte = bytes[done++];
        lines[which].bytes[lines[which].length++] = byte;
        if (byte == '\n' || lines[which].length == LINE_BYTES) {
            end_line(which);
        }
    }
    console_pour();
    return done;
}

void console_end(void) {
    for (int which = 0; which < 2; which++) {
        if (lines[which].length > 0 && lines[which].length < LINE_BYTES
            && waiting_length + LINE_BYTES <= WAITING_BYTES) {
            lines[which].bytes[lines[which].length++] = '\n';
            end_line(which);
        }
    }
    console_pour();
}

static void ready(void *context, short events) {
    (void)context;
    (void)events;
    console_pour();
}

void console_pour(void) {
    size_t done = 0;
    while (console >= 0 && done < waiting_length) {
        ssize_t n = write(console, waiting + done, waiting_length - done);
        if (n < 0 && errno == EAGAIN) {
            break;
        }
        if (n <= 0 && errno != EINTR) {
            unwatch(console);
            close(console);
            console = -1; /* Nothing can be written there: then it is left. */
        }
        done += n > 0 ? (size_t)n : 0;
    }
    if (console < 0) {
        done = waiting_length;
    }
    memmove(waiting, waiting + done, waiting_length - done);
    waiting_length -= done;
    if (console >= 0 && waiting_length > 0) {
        watch(console, POLLOUT, ready, NULL);
    } else if (console >= 0) {
        unwatch(console);
    }
}
