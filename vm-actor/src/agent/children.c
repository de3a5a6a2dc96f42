#include "children.h"

#include "agent.h"
#include "workload.h"

#include <sys/wait.h>

static pid_t expected;
static void (*expected_ended)(void);

void child_expect(pid_t pid, void (*ended)(void)) {
    expected = pid;
    expected_ended = ended;
}

bool children_reap(void) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == expected) {
            expected = 0;
            expected_ended();
        } else if (!exec_ended(pid, status)) {
            workload_ended(pid, status);
        }
    }
    return pid == 0;
}
