/* Commands that the host runs, each on a stream of its own; they end with it. */
#define _GNU_SOURCE
#include "agent.h"
#include "poll.h"
#include "process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIPE_BYTES = 32 << 10 };

/* A command. */
struct exec {
    struct stream *stream;
    struct process process;
    bool ended;
    int status;
    bool end_of_input;
    uint8_t input[WINDOW_BYTES];
    size_t input_length;
};

static void update(struct exec *exec);

void exec_open(const struct frame *frame) {
    struct plan plan;
    struct stream *stream = plan_read(frame, &plan) ? stream_open(frame->stream) : NULL;
    struct exec *exec = stream == NULL ? NULL : calloc(1, sizeof *exec);
    if (stream != NULL && exec == NULL) {
        fail(frame->stream, ENOMEM, "cannot start %s", plan.arguments[0]);
    }
    if (exec != NULL && process_start(&plan, frame->stream, &exec->process)) {
        exec->stream = stream;
        stream->kind = S_EXEC;
        stream->state = exec;
        struct fields fields;
        fields_begin(&fields);
        add_number(&fields, T_PID, (uint64_t)exec->process.pid);
        send_fields(F_OPENED, stream->number, &fields);
    } else {
        free(exec);
    }
    plan_free(&plan);
}

/* Sends what the command wrote, as far as the host takes it; false at its end. */
static bool forward(struct exec *exec, int fd, uint8_t type) {
    uint8_t bytes[PIPE_BYTES];
    while (exec->stream->may_send > 0 && !connection_is_full()) {
        size_t room = exec->stream->may_send < sizeof bytes ? exec->stream->may_send : sizeof bytes;
        ssize_t n = read(fd, bytes, room);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            /* Whoever else holds it open is none of the host's concern once the command has ended. */
            return !exec->ended;
        }
        if (n <= 0) {
            return false; /* A terminal that nobody has open says EIO. */
        }
        exec->stream->may_send -= (uint32_t)n;
        send_frame(type, exec->stream->number, bytes, (size_t)n);
    }
    return true;
}

static void finish(struct exec *exec) {
    struct fields fields;
    fields_begin(&fields);
    add_status(&fields, exec->status);
    send_fields(F_EXIT, exec->stream->number, &fields);
    close_watched(&exec->process.in);
    stream_free(exec->stream);
    free(exec);
}

static void pour(struct exec *exec) {
    size_t done = process_pour(&exec->process, exec->input, exec->input_length);
    memmove(exec->input, exec->input + done, exec->input_length - done);
    exec->input_length -= done;
    if (done > 0) {
        give_credit(exec->stream, (uint32_t)done);
    }
    if (exec->end_of_input && exec->input_length == 0 && !exec->process.terminal) {
        close_watched(&exec->process.in);
    }
}

static void ready(void *context, short events) {
    (void)events;
    struct exec *exec = context;
    pour(exec);
    update(exec);
}

static void update(struct exec *exec) {
    struct process *process = &exec->process;
    if (process->out >= 0 && !forward(exec, process->out, F_OUTPUT)) {
        process_close_output(process);
    }
    if (process->errors >= 0 && !forward(exec, process->errors, F_ERRORS)) {
        close_watched(&process->errors);
    }
    if (exec->ended && process->out < 0 && process->errors < 0) {
        finish(exec);
        return;
    }
    bool takes = exec->stream->may_send > 0 && !connection_is_full();
    short out = takes ? POLLIN : 0;
    short in = exec->input_length > 0 ? POLLOUT : 0;
    if (process->out >= 0 && process->in == process->out) {
        out = (short)(out | in);
    } else if (process->in >= 0) {
        if (in != 0) {
            watch(process->in, in, ready, exec);
        } else {
            unwatch(process->in);
        }
    }
    int fds[] = {process->out, process->errors};
    for (int i = 0; i < 2; i++) {
        if (fds[i] >= 0 && (i == 0 ? out : out & POLLIN) != 0) {
            watch(fds[i], i == 0 ? out : POLLIN, ready, exec);
        } else if (fds[i] >= 0) {
            unwatch(fds[i]);
        }
    }
}

void exec_go_on(struct stream *stream) {
    update(stream->state);
}

void exec_input(struct stream *stream, const uint8_t *bytes, size_t length) {
    struct exec *exec = stream->state;
    memcpy(exec->input + exec->input_length, bytes, length); /* No more than the credit that was given. */
    exec->input_length += length;
    pour(exec);
    update(exec);
}

void exec_end_input(struct stream *stream) {
    struct exec *exec = stream->state;
    exec->end_of_input = true;
    pour(exec);
    update(exec);
}

void exec_signal(struct stream *stream, uint32_t signal) {
    struct exec *exec = stream->state;
    if (!exec->ended) {
        process_signal(&exec->process, signal);
    }
}

void exec_resize(struct stream *stream, uint16_t columns, uint16_t rows) {
    struct exec *exec = stream->state;
    process_resize(&exec->process, columns, rows);
}

void exec_close(struct stream *stream) {
    struct exec *exec = stream->state;
    if (!exec->ended) {
        kill(-exec->process.pid, SIGKILL);
    }
    process_close_output(&exec->process);
    close_watched(&exec->process.in);
    close_watched(&exec->process.errors);
    stream_free(stream);
    free(exec);
}

bool exec_ended(pid_t pid, int status) {
    for (size_t i = 0; i < MAX_STREAMS; i++) {
        struct stream *stream = stream_at(i);
        struct exec *exec = stream->kind == S_EXEC ? stream->state : NULL;
        if (exec != NULL && exec->process.pid == pid && !exec->ended) {
            exec->ended = true;
            exec->status = status;
            update(exec);
            return true;
        }
    }
    return false;
}
