/* Processes that the host asks for: what they are to become, and their start. */
#ifndef STARDUST_PROCESS_H
#define STARDUST_PROCESS_H

#include "agent.h"
#include "users.h"

#include <sys/ioctl.h>

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

/* A process that runs, and our ends of its pipes or its terminal: not blocking, -1 when there is none. */
struct process {
    pid_t pid;
    int in; /* at a terminal the same as `out` */
    int out;
    int errors;
    bool terminal;
};

/* Reads it from a frame's fields; what is wrong is told to the frame's stream. To be freed either way. */
bool plan_read(const struct frame *frame, struct plan *plan);
void plan_free(struct plan *plan);
/* Starts it; what goes wrong is told to the stream. */
bool process_start(const struct plan *plan, uint32_t stream, struct process *process);
/* Closes one of its ends that may be watched. */
void close_watched(int *fd);
/* Closes the end that it writes its output to, which may be that of its input too. */
void process_close_output(struct process *process);
/* Writes of that what it takes; how much is dealt with. What it does not read any more is. */
size_t process_pour(struct process *process, const uint8_t *bytes, size_t length);
/* Sends a signal to it and to what it started. */
void process_signal(const struct process *process, uint32_t signal);
void process_resize(const struct process *process, uint16_t columns, uint16_t rows);
/* Adds how it ended to fields. */
void add_status(struct fields *fields, int status);

#endif
