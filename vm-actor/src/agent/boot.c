#define _GNU_SOURCE
#include "boot.h"

#include "children.h"
#include "cmdline.h"
#include "modules.h"
#include "mounts.h"
#include "power.h"
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FOLLOW_STEP_MS = 20, SOFT_DESCRIPTORS = 1024, HARD_DESCRIPTORS = 524288 };

static const char beside_name[] = "/stardust-agent";

/*
 * Leaves a copy of this program running as the agent. systemd ends all processes when it switches its root, and at a
 * shutdown before it has done what the agent may still be asked for, but for those whose name begins with an at sign.
 */
static void leave_agent(int program, const char *proc) {
    char *const arguments[] = {"@stardust-agent", "--beside", (char *)proc, NULL};
    char *const variables[] = {NULL};
    if (fork() == 0) {
        setsid();
        syscall(SYS_execveat, program, "", arguments, variables, AT_EMPTY_PATH);
        dprintf(2, "stardust-agent: cannot stay: %s\n", strerror(errno));
        _exit(1);
    }
}

/* Starts the init program of an image, which takes this process over. */
static bool become(const char *program, char **arguments, char **variables) {
    arguments[0] = (char *)program;
    execve(program, arguments, variables);
    dprintf(2, "stardust-agent: cannot start %s: %s\n", program, strerror(errno));
    return false;
}

/* Beside the initrd of an image. */
static bool boot_beside(char **arguments, char **variables) {
    char number[16];
    int program = open(beside_name, O_RDONLY | O_CLOEXEC);
    mkdir("/proc", 0755);
    /* The initrd is to find everything as it expects it: this /proc is nowhere but behind its descriptor. */
    int proc = -1;
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0) {
        proc = open("/proc", O_PATH | O_DIRECTORY);
        umount2("/proc", MNT_DETACH);
    }
    if (program < 0 || proc < 0) {
        dprintf(2, "stardust-agent: cannot stay beside this initrd: %s\n", strerror(errno));
    } else {
        snprintf(number, sizeof number, "%d", proc);
        leave_agent(program, number);
        close(proc);
    }
    return become("/init", arguments, variables);
}

void boot_follow(int proc) {
    struct stat first;
    struct stat now;
    struct timespec step = {.tv_nsec = FOLLOW_STEP_MS * 1000000L};
    if (stat("/", &first) < 0) {
        return;
    }
    while (fstatat(proc, "1/root", &now, 0) < 0 || (now.st_dev == first.st_dev && now.st_ino == first.st_ino)) {
        nanosleep(&step, NULL);
    }
    int root = openat(proc, "1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || fchdir(root) < 0 || chroot(".") < 0) {
        dprintf(2, "stardust-agent: cannot follow to the root: %s\n", strerror(errno));
    }
    close(root);
    cmdline_read(proc);
    close(proc);
}

/* What there is time for when the machine runs: modules that can wait, and the memory of the first root. */
static void tidy_later(int first_root) {
    pid_t pid = fork();
    if (pid == 0) {
        int folder = openat(first_root, "modules", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0) {
            modules_for_later(folder);
        }
        root_free(first_root);
        _exit(0);
    }
    child_expect(pid, power_buttons);
}

static void begin_console(void) {
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);
    for (int i = 0; fd >= 0 && i < 3; i++) {
        dup2(fd, i);
    }
    if (fd > 2) {
        close(fd);
    }
}

/* What the first process of a system does before others run. */
static void begin_system(void) {
    const struct rlimit descriptors = {.rlim_cur = SOFT_DESCRIPTORS, .rlim_max = HARD_DESCRIPTORS};
    mounts_of_system();
    setrlimit(RLIMIT_NOFILE, &descriptors);
    reboot(RB_DISABLE_CAD); /* Then ctrl-alt-del is a signal. */
}

static bool boot_own(char **arguments, char **variables) {
    mounts_begin();
    begin_console();
    cmdline_read(-1);
    int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int first_root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    modules_read();
    if (!root_mount() || !root_switch()) {
        return false;
    }
    const char *host = cmdline_word("stardust.host");
    if (host != NULL && sethostname(host, strlen(host)) < 0) {
        dprintf(2, "stardust-agent: cannot set the host's name %s: %s\n", host, strerror(errno));
    }
    const char *init = cmdline_word("stardust.init");
    bool other = init != NULL && *init == '/';
    if (other) {
        leave_agent(program, "-");
    } else {
        begin_system();
    }
    tidy_later(first_root);
    close(first_root);
    close(program);
    return !other || become(init, arguments, variables);
}

bool boot(char **arguments, char **variables) {
    return strcmp(arguments[0], beside_name) == 0 ? boot_beside(arguments, variables) : boot_own(arguments, variables);
}
