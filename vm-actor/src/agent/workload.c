#define _GNU_SOURCE
#include "workload.h"

#include "abandon.h"
#include "console.h"
#include "poll.h"
#include "process.h"
#include "ring.h"
#include "secrets.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Who listens to it, and may write to it. */
struct attach {
    uint64_t at; /* what is sent next, counted from the workload's first byte */
    bool end_of_input;
    uint8_t input[WINDOW_BYTES];
    size_t input_length;
};

static enum { NONE, RUNNING, EXITED } state;
static struct process process;
static bool ended; /* the process; what is in its pipes may be left */
static int how;    /* it ended */
static uint64_t console_at;

static void nothing(void *context, short events) {
    (void)context;
    (void)events; /* What is to be done is done before the next wait. */
}

static struct attach *attach_at(size_t index) {
    struct stream *stream = stream_at(index);
    return stream->kind == S_ATTACH ? stream->state : NULL;
}

void workload_start(const struct frame *frame) {
    if (state != NONE) {
        fail(frame->stream, EBUSY, "this machine had its workload already: it takes one a boot");
        return;
    }
    struct plan plan;
    if (plan_read(frame, &plan)) {
        const char *wrong = secrets_write(frame, &plan.user);
        if (wrong != NULL) {
            fail(frame->stream, errno, "%s", wrong);
        } else if (process_start(&plan, frame->stream, &process)) {
            state = RUNNING;
            struct fields fields;
            fields_begin(&fields);
            add_number(&fields, T_PID, (uint64_t)process.pid);
            send_fields(F_DONE, frame->stream, &fields);
        }
    }
    plan_free(&plan);
}

void workload_status(const struct frame *frame) {
    static const char *const names[] = {"none", "running", "exited"};
    struct fields fields;
    fields_begin(&fields);
    add_text(&fields, T_NAME, names[state]);
    if (state != NONE) {
        add_number(&fields, T_PID, (uint64_t)process.pid);
    }
    if (state == EXITED) {
        add_status(&fields, how);
    }
    send_fields(F_DONE, frame->stream, &fields);
}

void attach_open(const struct frame *frame) {
    if (state == NONE) {
        fail(frame->stream, ESRCH, "nothing can be attached to: no workload was started");
        return;
    }
    struct stream *stream = stream_open(frame->stream);
    struct attach *attach = stream == NULL ? NULL : calloc(1, sizeof *attach);
    if (attach == NULL) {
        if (stream != NULL) {
            fail(frame->stream, ENOMEM, "cannot attach");
        }
        return;
    }
    attach->at = ring_begin();
    stream->kind = S_ATTACH;
    stream->state = attach;
    struct fields fields;
    fields_begin(&fields);
    add_number(&fields, T_PID, (uint64_t)process.pid);
    send_fields(F_OPENED, stream->number, &fields);
}

void attach_close(struct stream *stream) {
    free(stream->state);
    stream_free(stream);
}

void attach_input(struct stream *stream, const uint8_t *bytes, size_t length) {
    struct attach *attach = stream->state;
    memcpy(attach->input + attach->input_length, bytes, length); /* No more than the credit that was given. */
    attach->input_length += length;
}

void attach_end_input(struct stream *stream) {
    struct attach *attach = stream->state;
    attach->end_of_input = true;
}

void workload_signal(uint32_t signal) {
    if (state == RUNNING && !ended) {
        process_signal(&process, signal);
    }
}

void workload_resize(uint16_t columns, uint16_t rows) {
    process_resize(&process, columns, rows);
}

/* Gives the workload what was written to it; whether some is left. */
static bool pour(void) {
    bool left = false;
    for (size_t i = 0; i < MAX_STREAMS; i++) {
        struct attach *attach = attach_at(i);
        if (attach == NULL) {
            continue;
        }
        size_t done = process_pour(&process, attach->input, attach->input_length);
        memmove(attach->input, attach->input + done, attach->input_length - done);
        attach->input_length -= done;
        if (done > 0) {
            give_credit(stream_at(i), (uint32_t)done);
        }
        if (attach->end_of_input && attach->input_length == 0 && !process.terminal) {
            close_watched(&process.in);
        }
        left = left || attach->input_length > 0;
    }
    return left;
}

/* How many bytes more may be kept without losing one that somebody has not got yet. */
static size_t room(void) {
    uint64_t oldest = process.terminal ? ring_end() : console_at;
    for (size_t i = 0; i < MAX_STREAMS; i++) {
        struct attach *attach = attach_at(i);
        if (attach != NULL && attach->at < oldest) {
            oldest = attach->at;
        }
    }
    return RING_BYTES - (size_t)(ring_end() - oldest);
}

/* Takes what it wrote; false at its end. */
static bool take(int fd, bool errors) {
    size_t left = room();
    while (left > 0) {
        size_t piece;
        uint8_t *bytes = ring_room(left, &piece);
        ssize_t n = read(fd, bytes, piece);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return !ended;
        }
        if (n <= 0) {
            return false;
        }
        ring_added((size_t)n, errors);
        left -= (size_t)n;
    }
    return true;
}

static void hand_to_console(void) {
    const uint8_t *bytes;
    bool errors;
    size_t length;
    while (!process.terminal && (length = ring_run(console_at, &bytes, &errors)) > 0) {
        size_t taken = console_take(errors, bytes, length);
        console_at += taken;
        if (taken < length) {
            break;
        }
    }
}

static void hand_to(struct stream *stream) {
    struct attach *attach = stream->state;
    const uint8_t *bytes;
    bool errors;
    size_t length;
    while (stream->may_send > 0 && !connection_is_full() && (length = ring_run(attach->at, &bytes, &errors)) > 0) {
        length = length < stream->may_send ? length : stream->may_send;
        length = length < MAX_PAYLOAD ? length : MAX_PAYLOAD;
        send_frame(errors ? F_ERRORS : F_OUTPUT, stream->number, bytes, length);
        stream->may_send -= (uint32_t)length;
        attach->at += length;
    }
    if (state == EXITED && attach->at == ring_end()) {
        struct fields fields;
        fields_begin(&fields);
        add_status(&fields, how);
        send_fields(F_EXIT, stream->number, &fields);
        attach_close(stream);
    }
}

static void hand_on(void) {
    hand_to_console();
    for (size_t i = 0; i < MAX_STREAMS; i++) {
        if (attach_at(i) != NULL) {
            hand_to(stream_at(i));
        }
    }
}

static void watch_for(int fd, short events) {
    if (fd >= 0 && events != 0) {
        watch(fd, events, nothing, NULL);
    } else if (fd >= 0) {
        unwatch(fd);
    }
}

void workload_go_on(void) {
    if (state == NONE) {
        return;
    }
    short in = pour() ? POLLOUT : 0;
    if (process.out >= 0 && !take(process.out, false)) {
        process_close_output(&process);
    }
    if (process.errors >= 0 && !take(process.errors, true)) {
        close_watched(&process.errors);
    }
    if (state == RUNNING && ended && process.out < 0 && process.errors < 0) {
        state = EXITED;
        close_watched(&process.in);
        abandon_look();
    }
    hand_on();
    if (state == EXITED && console_at == ring_end()) {
        console_end();
    }
    short out = room() > 0 ? POLLIN : 0;
    if (process.out >= 0 && process.out == process.in) {
        watch_for(process.out, (short)(out | in));
    } else {
        watch_for(process.out, out);
        watch_for(process.in, in);
    }
    watch_for(process.errors, out);
}

bool workload_ended(pid_t pid, int status) {
    if (state != RUNNING || ended || pid != process.pid) {
        return false;
    }
    ended = true;
    how = status;
    return true;
}

bool workload_is_over(void) {
    return state == EXITED;
}
