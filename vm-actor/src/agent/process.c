/* What the host asks to be run, started: with pipes, or at a terminal of its own. */
#define _GNU_SOURCE
#include "process.h"

#include "poll.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_WORDS = 4096 };

static char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

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

void plan_free(struct plan *plan) {
    free_words(plan->arguments);
    free_words(plan->variables);
    free(plan->folder);
    user_free(&plan->user);
}

bool plan_read(const struct frame *frame, struct plan *plan) {
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

/* The agent itself may be spared when memory runs out; what it starts is not. */
static void allow_to_be_killed(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, "0", 1) < 0) {
            errno = 0; /* Then it is as it was. */
        }
        close(fd);
    }
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
    allow_to_be_killed();
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
static pid_t start(const struct plan *plan, const struct ends *ends) {
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

bool process_start(const struct plan *plan, uint32_t stream, struct process *process) {
    struct ends ends;
    pid_t pid = -1;
    if (!ends_make(plan, &ends)) {
        fail(stream, errno, "no descriptors for %s", plan->arguments[0]);
    } else {
        pid = start(plan, &ends);
        if (pid < 0) {
            fail(stream, errno, "cannot start %s", plan->arguments[0]);
        }
    }
    ends_close(ends.childs);
    if (pid < 0) {
        ends_close(ends.ours);
        return false;
    }
    for (int i = 0; i < 3; i++) {
        if (ends.ours[i] >= 0) {
            fcntl(ends.ours[i], F_SETFL, O_NONBLOCK);
        }
    }
    *process = (struct process){
        .pid = pid,
        .in = ends.ours[0],
        .out = ends.ours[1],
        .errors = ends.ours[2],
        .terminal = plan->terminal,
    };
    return true;
}

void close_watched(int *fd) {
    if (*fd >= 0) {
        unwatch(*fd);
        close(*fd);
        *fd = -1;
    }
}

void process_close_output(struct process *process) {
    if (process->in == process->out) {
        process->in = -1;
    }
    close_watched(&process->out);
}

size_t process_pour(struct process *process, const uint8_t *bytes, size_t length) {
    size_t done = 0;
    while (process->in >= 0 && done < length) {
        ssize_t n = write(process->in, bytes + done, length - done);
        if (n < 0 && errno == EAGAIN) {
            return done;
        }
        if (n < 0 && errno != EINTR) {
            return length; /* It reads no more: what is left is dropped. */
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return length;
}

void process_signal(const struct process *process, uint32_t signal) {
    if (signal > 0 && signal < NSIG && kill(-process->pid, (int)signal) < 0) {
        kill(process->pid, (int)signal);
    }
}

void process_resize(const struct process *process, uint16_t columns, uint16_t rows) {
    struct winsize size = {.ws_col = columns, .ws_row = rows};
    if (process->terminal && process->out >= 0) {
        ioctl(process->out, TIOCSWINSZ, &size);
    }
}

void add_status(struct fields *fields, int status) {
    if (WIFSIGNALED(status)) {
        add_number(fields, T_SIGNAL, (uint64_t)WTERMSIG(status));
    } else {
        add_number(fields, T_CODE, (uint64_t)WEXITSTATUS(status));
    }
}
