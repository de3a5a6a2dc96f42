/* How this program begins: as the first process, beside another one, or for a test. */
#define _GNU_SOURCE
#include "boot.h"
#include "children.h"
#include "cmdline.h"
#include "console.h"
#include "host.h"
#include "network.h"
#include "poll.h"
#include "power.h"
#include "secrets.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void signals_ready(void *context, short events) {
    (void)events;
    struct signalfd_siginfo info;
    bool child = false;
    while (read(*(int *)context, &info, sizeof info) == sizeof info) {
        child = child || info.ssi_signo == SIGCHLD;
        if (info.ssi_signo == SIGIO) {
            host_look();
        } else {
            power_signal((int)info.ssi_signo);
        }
    }
    if (child) {
        children_reap();
    }
}

static bool watch_signals(void) {
    static int fd;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGIO);
    if (getpid() == 1) {
        const int ours[] = {SIGUSR1, SIGUSR2, SIGPWR, SIGTERM, SIGINT, SIGRTMIN + 4, SIGRTMIN + 5};
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
            sigaddset(&signals, ours[i]);
        }
    }
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        perror("stardust-agent: signalfd");
        return false;
    }
    watch(fd, POLLIN, signals_ready, &fd);
    return true;
}

/* So that 0, 1 and 2 are taken; 1 and 2 stay what they are. */
static void take_standard_descriptors(void) {
    int null;
    do {
        null = open("/dev/null", O_RDWR);
    } while (null >= 0 && null <= 2);
    close(null);
}

static void spare_from_memory_killer(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        dprintf(fd, "-1000");
        close(fd);
    }
}

/* Serves the host, for ever. */
static _Noreturn void serve(void) {
    while (true) {
        host_step();
        power_go_on();
    }
}

/* In a machine whose root is there. */
static int serve_machine(void) {
    spare_from_memory_killer();
    console_open("/dev/console");
    if (!watch_signals()) {
        return 1;
    }
    network_begin();
    host_at_devices();
    serve();
}

/* For tests: what is elsewhere in a machine is in a folder. */
static int serve_socket(const char *socket, const char *folder) {
    char path[4096];
    static char secrets[4096];
    if (folder != NULL) {
        snprintf(secrets, sizeof secrets, "%s/secrets", folder);
        secrets_place(secrets);
        snprintf(path, sizeof path, "%s/console", folder);
        console_open(path);
    }
    if (!watch_signals()) {
        return 1;
    }
    if (!host_at_socket(socket)) {
        perror("stardust-agent: cannot listen");
        return 1;
    }
    serve();
}

int main(int count, char **arguments) {
    if (getpid() == 1) {
        return boot(arguments, environ) ? serve_machine() : 1;
    }
    take_standard_descriptors();
    if (count >= 3 && count <= 4 && strcmp(arguments[1], "--unix") == 0) {
        return serve_socket(arguments[2], count == 4 ? arguments[3] : NULL);
    }
    if (count == 3 && strcmp(arguments[1], "--beside") == 0) {
        if (strcmp(arguments[2], "-") != 0) {
            boot_follow(atoi(arguments[2]));
        } else {
            cmdline_read(-1);
        }
        return serve_machine();
    }
    if (count != 1) {
        fprintf(stderr, "usage: stardust-agent [--unix SOCKET [FOLDER]]   (without: at the devices of a virtual machine)\n");
        return 2;
    }
    cmdline_read(-1);
    return serve_machine();
}
