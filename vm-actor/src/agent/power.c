#define _GNU_SOURCE
#include "power.h"

#include "children.h"
#include "filesystems.h"
#include "host.h"
#include "mounts.h"
#include "poll.h"

#include <fcntl.h>
#include <glob.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <unistd.h>

enum { GRACE_MS = 5000, CONNECTION_MS = 100, BITS = 8 };

static enum { GOES_ON, OFF, AGAIN } wanted;
static bool late;

static void is_late(void) {
    late = true;
}

static struct timer grace = {.fire = is_late};

/* Everybody is asked to end, and made to when time is up; what they write meanwhile is still taken. */
static void end_all(void) {
    filesystems_thaw();
    kill(-1, SIGTERM);
    kill(-1, SIGCONT);
    timer_set(&grace, GRACE_MS);
    while (!late && children_reap()) {
        host_step();
    }
    kill(-1, SIGKILL);
    /* The last words of those that ended. */
    late = false;
    timer_set(&grace, CONNECTION_MS);
    while (!late) {
        host_step();
        children_reap();
    }
}

void power_off(bool again) {
    if (getpid() == 1) {
        wanted = wanted != GOES_ON ? wanted : again ? AGAIN : OFF;
    } else if (fork() == 0) {
        const char *program = again ? "reboot" : "poweroff";
        execlp(program, program, (char *)NULL);
        /* systemd, and then busybox, as the first process. */
        kill(1, again ? SIGRTMIN + 5 : SIGRTMIN + 4);
        kill(1, again ? SIGTERM : SIGUSR2);
        _exit(0);
    }
}

void power_go_on(void) {
    if (wanted == GOES_ON) {
        return;
    }
    end_all();
    mounts_end();
    reboot(wanted == AGAIN ? RB_AUTOBOOT : RB_POWER_OFF);
    reboot((int)RB_HALT_SYSTEM); /* This machine cannot do what was asked for. */
}

/* What busybox, sysvinit and systemd send to the first process. */
bool power_signal(int number) {
    if (getpid() != 1) {
        return false;
    }
    if (number == SIGUSR1 || number == SIGUSR2 || number == SIGPWR || number == SIGRTMIN + 4) {
        power_off(false);
    } else if (number == SIGTERM || number == SIGINT || number == SIGRTMIN + 5) {
        power_off(true);
    } else {
        return false;
    }
    return true;
}

static void pressed(void *context, short events) {
    int fd = (int)(intptr_t)context;
    struct input_event event;
    bool off = false;
    ssize_t n;
    while ((n = read(fd, &event, sizeof event)) == (ssize_t)sizeof event) {
        off = off || (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1);
    }
    if (n == 0 || (events & (POLLHUP | POLLERR)) != 0) {
        unwatch(fd);
        close(fd);
    }
    if (off) {
        power_off(false);
    }
}

void power_buttons(void) {
    glob_t found;
    if (glob("/dev/input/event*", 0, NULL, &found) != 0) {
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        unsigned char keys[KEY_MAX / BITS + 1] = {0};
        int fd = open(found.gl_pathv[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0 && ioctl(fd, EVIOCGBIT(EV_KEY, sizeof keys), keys) >= 0
            && (keys[KEY_POWER / BITS] >> (KEY_POWER % BITS) & 1) != 0) {
            watch(fd, POLLIN, pressed, (void *)(intptr_t)fd);
        } else if (fd >= 0) {
            close(fd);
        }
    }
    globfree(&found);
}
