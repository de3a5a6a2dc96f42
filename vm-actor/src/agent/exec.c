/* Commands that the host runs: with pipes, or at a terminal of their own. */
#define _GNU_SOURCE
#include "agent.h"
#include "users.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIPE_BYTES = 32 << 10, MAX_WORDS = 4096 };

static char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* A command. */
struct exec {
    struct stream *stream;
    pid_t pid;
    int in;   /* -1 when closed; the terminal's own when it has one */
    int out;
    int errors; /* -1 at a terminal */
    bool terminal;
    bool ended;
    int status;
    bool end_of_input;
    uint8_t input[WINDOW_BYTES];
    size_t input_length;
};

/* What a new process is to become. */
struct plan {
    char **arguments;
    char **variables;
    char *folder;
    struct user user;
    bool terminal;
    bool with_input;
    struct winsize size;
};

static void update(struct exec *exec);

static void close_watched(int *fd) {
    if (*fd >= 0) {
        unwatch(*fd);
        close(*fd);
        *fd = -1;
    }
}

static void free_words(char **words) {
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        free(words[i]);
    }
    free(words);
}

/* All fields of a tag, as strings, with room for two more; NULL when one is none, or there are too many. */
static char **words_of(const struct frame *frame, uint16_t tag, size_t *count) {
    char **words = calloc(MAX_WORDS + 3, sizeof *words);
    size_t at = 0;
    struct field field;
    int more;
    *count = 0;
    while (words != NULL && (more = next_field(frame, &at, &field)) != 0) {
        if (more > 0 && field.tag != tag) {
            continue;
        }
        char *word = more < 0 || *count == MAX_WORDS ? NULL : text_of(&field);
        if (word == NULL) {
            free_words(words);
            return NULL;
        }
        words[(*count)++] = word;
    }
    return words;
}

static bool has_variable(char **variables, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; variables[i] != NULL; i++) {
        if (strncmp(variables[i], name, length) == 0 && variables[i][length] == '=') {
            return true;
        }
    }
    return false;
}

static void plan_free(struct plan *plan) {
    free_words(plan->arguments);
    free_words(plan->variables);
    free(plan->folder);
    user_free(&plan->user);
}

/* Whether it is one that can be tried; what is wrong is told. */
static bool plan_read(const struct frame *frame, struct plan *plan) {
    size_t arguments;
    size_t variables;
    memset(plan, 0, sizeof *plan);
    plan->arguments = words_of(frame, T_ARGUMENT, &arguments);
    plan->variables = words_of(frame, T_VARIABLE, &variables);
    if (plan->arguments == NULL || plan->variables == NULL || arguments == 0) {
        fail(frame->stream, EINVAL, "a command takes 1 to %d arguments and variables without zeros", MAX_WORDS);
        return false;
    }
    plan->folder = text_field(frame, T_FOLDER);
    char *user = text_field(frame, T_USER);
    char own[16];
    snprintf(own, sizeof own, "%u", getuid());
    bool known = user_find(user == NULL ? own : user, &plan->user);
    if (!known) {
        fail(frame->stream, ENOENT, "there is no user %s in the guest", user);
    }
    free(user);
    if (!known) {
        return false;
    }
    if (!has_variable(plan->variables, "PATH")) {
        plan->variables[variables++] = strdup(default_path);
    }
    if (!has_variable(plan->variables, "HOME")) {
        char *home = NULL;
        if (asprintf(&home, "HOME=%s", plan->user.home) > 0) {
            plan->variables[variables++] = home;
        }
    }
    uint64_t size = number_field(frame, T_TERMINAL, 0);
    plan->terminal = size != 0;
    plan->size.ws_col = (unsigned short)(size & 0xffff);
    plan->size.ws_row = (unsigned short)(size >> 16 & 0xffff);
    plan->with_input = number_field(frame, T_STDIN, 0) != 0;
    return true;
}

/* In the child. What went wrong is written to `told`, which closes when all went well. */
static void become(const struct plan *plan, int in, int out, int errors, int told) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int i = 1; i < NSIG; i++) {
        signal(i, SIG_DFL);
    }
    setsid();
    if (plan->terminal && ioctl(out, TIOCSCTTY, 0) < 0) {
        goto failed;
    }
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(errors, 2) < 0) {
        goto failed;
    }
    if (!user_become(&plan->user)) {
        goto failed;
    }
    if (chdir(plan->folder != NULL ? plan->folder : plan->user.home) < 0) {
        if (plan->folder != NULL) {
            goto failed;
        }
        if (chdir("/") < 0) {
            goto failed;
        }
    }
    environ = plan->variables;
    execvp(plan->arguments[0], plan->arguments);
failed:;
    int error = errno;
    if (write(told, &error, sizeof error) < 0) {
        _exit(126);
    }
    _exit(127);
}

/* Ends of pipes, or of a terminal: ours and the child's. */
struct ends {
    int ours[3];
    int childs[3];
};

static void ends_close(int fds[3]) {
    for (int i = 0; i < 3; i++) {
        bool again = false;
        for (int k = 0; k < i; k++) {
            again = again || fds[k] == fds[i];
        }
        if (fds[i] >= 0 && !again) {
            close(fds[i]);
        }
    }
}

static bool ends_make(const struct plan *plan, struct ends *ends) {
    for (int i = 0; i < 3; i++) {
        ends->ours[i] = -1;
        ends->childs[i] = -1;
    }
    if (plan->terminal) {
        int ours;
        int childs;
        if (openpty(&ours, &childs, NULL, NULL, &plan->size) < 0) {
            return false;
        }
        fcntl(ours, F_SETFD, FD_CLOEXEC);
        fcntl(childs, F_SETFD, FD_CLOEXEC);
        ends->ours[0] = ends->ours[1] = ours;
        ends->childs[0] = ends->childs[1] = ends->childs[2] = childs;
        return true;
    }
    for (int i = 0; i < 3; i++) {
        int pair[2];
        if (i == 0 && !plan->with_input) {
            ends->childs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        } else if (pipe2(pair, O_CLOEXEC) == 0) {
            ends->childs[i] = pair[i == 0 ? 0 : 1];
            ends->ours[i] = pair[i == 0 ? 1 : 0];
        }
        if (ends->childs[i] < 0) {
            return false;
        }
    }
    return true;
}

/* Starts it; its process, or -1 with errno of the step that failed. */
static pid_t start(const struct plan *plan, struct ends *ends) {
    int told[2];
    if (pipe2(told, O_CLOEXEC) < 0) {
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        become(plan, ends->childs[0], ends->childs[1], ends->childs[2], told[1]);
    }
    int error = errno;
    close(told[1]);
    if (pid > 0 && read(told[0], &error, sizeof error) == sizeof error) {
        waitpid(pid, NULL, 0);
        pid = -1;
    }
    close(told[0]);
    errno = error;
    return pid;
}

void exec_open(const struct frame *frame) {
    struct plan plan;
    if (!plan_read(frame, &plan)) {
        plan_free(&plan);
        return;
    }
    struct stream *stream = stream_open(frame->stream);
    struct exec *exec = stream == NULL ? NULL : calloc(1, sizeof *exec);
    struct ends ends;
    if (exec == NULL || !ends_make(&plan, &ends)) {
        if (stream != NULL) {
            fail(frame->stream, errno, "no descriptors or memory for %s", plan.arguments[0]);
        }
    } else {
        pid_t pid = start(&plan, &ends);
        ends_close(ends.childs);
        if (pid < 0) {
            fail(frame->stream, errno, "cannot start %s", plan.arguments[0]);
            ends_close(ends.ours);
        } else {
            stream->kind = S_EXEC;
            stream->state = exec;
            *exec = (struct exec){
                .stream = stream,
                .pid = pid,
                .in = ends.ours[0],
                .out = ends.ours[1],
                .errors = ends.ours[2],
                .terminal = plan.terminal,
            };
            for (int i = 0; i < 3; i++) {
                if (ends.ours[i] >= 0) {
                    fcntl(ends.ours[i], F_SETFL, O_NONBLOCK);
                }
            }
            struct fields fields;
            fields_begin(&fields);
            add_number(&fields, T_PID, (uint64_t)pid);
            send_fields(F_OPENED, stream->number, &fields);
            exec = NULL;
        }
    }
    free(exec);
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
    if (WIFSIGNALED(exec->status)) {
        add_number(&fields, T_SIGNAL, (uint64_t)WTERMSIG(exec->status));
    } else {
        add_number(&fields, T_CODE, (uint64_t)WEXITSTATUS(exec->status));
    }
    send_fields(F_EXIT, exec->stream->number, &fields);
    close_watched(&exec->in);
    stream_free(exec->stream);
    free(exec);
}

static void close_output(struct exec *exec) {
    if (exec->in == exec->out) {
        exec->in = -1;
    }
    close_watched(&exec->out);
}

static void pour(struct exec *exec) {
    size_t done = 0;
    while (exec->in >= 0 && done < exec->input_length) {
        ssize_t n = write(exec->in, exec->input + done, exec->input_length - done);
        if (n < 0 && errno == EAGAIN) {
            break;
        }
        if (n < 0 && errno != EINTR) {
            done = exec->input_length; /* It reads no more: what is left is dropped. */
        } else if (n > 0) {
            done += (size_t)n;
        }
    }
    if (exec->in < 0) {
        done = exec->input_length;
    }
    memmove(exec->input, exec->input + done, exec->input_length - done);
    exec->input_length -= done;
    if (done > 0) {
        give_credit(exec->stream, (uint32_t)done);
    }
    if (exec->end_of_input && exec->input_length == 0 && exec->in >= 0 && !exec->terminal) {
        close_watched(&exec->in);
    }
}

static void ready(void *context, short events) {
    (void)events;
    struct exec *exec = context;
    pour(exec);
    update(exec);
}

static void update(struct exec *exec) {
    if (exec->out >= 0 && !forward(exec, exec->out, F_OUTPUT)) {
        close_output(exec);
    }
    if (exec->errors >= 0 && !forward(exec, exec->errors, F_ERRORS)) {
        close_watched(&exec->errors);
    }
    if (exec->ended && exec->out < 0 && exec->errors < 0) {
        finish(exec);
        return;
    }
    bool takes = exec->stream->may_send > 0 && !connection_is_full();
    short out = takes ? POLLIN : 0;
    short in = exec->input_length > 0 ? POLLOUT : 0;
    if (exec->out >= 0 && exec->in == exec->out) {
        out = (short)(out | in);
    } else if (exec->in >= 0) {
        if (in != 0) {
            watch(exec->in, in, ready, exec);
        } else {
            unwatch(exec->in);
        }
    }
    int fds[] = {exec->out, exec->errors};
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
    if (signal > 0 && signal < NSIG && !exec->ended && kill(-exec->pid, (int)signal) < 0) {
        kill(exec->pid, (int)signal);
    }
}

void exec_resize(struct stream *stream, uint16_t columns, uint16_t rows) {
    struct exec *exec = stream->state;
    struct winsize size = {.ws_col = columns, .ws_row = rows};
    if (exec->terminal && exec->out >= 0) {
        ioctl(exec->out, TIOCSWINSZ, &size);
    }
}

void exec_close(struct stream *stream) {
    struct exec *exec = stream->state;
    if (!exec->ended) {
        kill(-exec->pid, SIGKILL);
    }
    close_output(exec);
    close_watched(&exec->in);
    close_watched(&exec->errors);
    stream_free(stream);
    free(exec);
}

void exec_reap(void) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < MAX_STREAMS; i++) {
            struct stream *stream = stream_at(i);
            struct exec *exec = stream->kind == S_EXEC ? stream->state : NULL;
            if (exec != NULL && exec->pid == pid && !exec->ended) {
                exec->ended = true;
                exec->status = status;
                update(exec);
                break;
            }
        }
    }
}
