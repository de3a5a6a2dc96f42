#define _GNU_SOURCE
#include "host.h"

#include "agent.h"
#include "abandon.h"
#include "filesystems.h"
#include "poll.h"
#include "requests.h"
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Devices may show up late, but then seldom very late; the port tells by SIGIO when the host comes, and now and then it is asked. */
enum { VSOCK_PORT = 5252, SOON_MS = 20, LATER_MS = 500, SOON_FOR_MS = 10000, PORT_MS = 1000, PATH_BYTES = 128 };

static const char port_name[] = "dev.stardust.agent\n";

static int listener = -1;
static int port = -1;
static int connection = -1; /* the port itself, or one that the listener gave */
static bool broken;

static void look_for_devices(void);

static struct timer devices = {.fire = look_for_devices};
static struct timer port_look = {.fire = host_look};

bool host_is_connected(void) {
    return connection >= 0;
}

static void begin(int fd) {
    connection = fd;
    broken = false;
    requests_begin();
    connection_begin(fd);
    abandon_look();
}

/* The host has gone, or the connection is of no use any more. */
static void end(void) {
    connection_write();
    unwatch(connection);
    streams_close();
    filesystems_thaw();
    connection_begin(-1);
    bool is_port = connection == port;
    struct pollfd state = {.fd = connection, .events = POLLIN};
    /* A port stays open while the host is away; with what broke the rules still on its way it is opened anew, which drops that. */
    if (!is_port || (poll(&state, 1, 0) >= 0 && state.revents != POLLHUP)) {
        close(connection);
        port = is_port ? -1 : port;
    }
    connection = -1;
    if (port >= 0) {
        timer_set(&port_look, PORT_MS);
    } else if (is_port) {
        timer_set(&devices, SOON_MS);
    }
    abandon_look();
}

static void connection_ready(void *context, short events) {
    (void)context;
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !connection_read(request)) {
        broken = true;
    }
    if ((events & POLLOUT) != 0 && !connection_write()) {
        broken = true;
    }
}

static void accept_one(void *context, short events) {
    (void)context;
    (void)events;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        unwatch(listener);
        begin(fd);
    }
}

void host_look(void) {
    if (port < 0 || connection >= 0) {
        return;
    }
    struct pollfd state = {.fd = port, .events = POLLIN};
    if (poll(&state, 1, 0) < 0 || (state.revents & POLLHUP) != 0) {
        timer_set(&port_look, PORT_MS);
    } else {
        timer_stop(&port_look);
        begin(port);
    }
}

void host_step(void) {
    if (connection >= 0) {
        requests_go_on();
    }
    workload_go_on();
    if (connection >= 0) {
        if (broken || requests_are_over() || (connection_has_output() && !connection_write())) {
            end();
        } else {
            watch(connection, connection_has_output() ? POLLIN | POLLOUT : POLLIN, connection_ready, NULL);
        }
    }
    if (connection < 0 && listener >= 0) {
        watch(listener, POLLIN, accept_one, NULL);
    }
    poll_once();
}

static int listening(int domain, const void *address, socklen_t length) {
    int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (bind(fd, address, length) < 0 || listen(fd, 4) < 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

bool host_at_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    strcpy(address.sun_path, path);
    listener = listening(AF_UNIX, &address, sizeof address);
    return listener >= 0;
}

/* Whether this machine has a vsock device, and not only the family. */
static bool has_vsock(void) {
    int fd = open("/dev/vsock", O_RDONLY | O_CLOEXEC);
    unsigned int cid = VMADDR_CID_ANY;
    bool there = fd >= 0 && ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid) == 0 && cid != VMADDR_CID_ANY
        && cid != VMADDR_CID_LOCAL;
    if (fd >= 0) {
        close(fd);
    }
    return there;
}

static void listen_vsock(void) {
    struct sockaddr_vm address = {
        .svm_family = AF_VSOCK,
        .svm_cid = VMADDR_CID_ANY,
        .svm_port = VSOCK_PORT,
    };
    if (listener < 0 && has_vsock()) {
        listener = listening(AF_VSOCK, &address, sizeof address);
    }
}

/* Opens the port of that name, whatever its number is. */
static void open_port(void) {
    glob_t found;
    if (glob("/sys/class/virtio-ports/*/name", 0, NULL, &found) != 0) {
        return;
    }
    for (size_t i = 0; i < found.gl_pathc && port < 0; i++) {
        char name[sizeof port_name + 1] = {0};
        char path[PATH_BYTES];
        int fd = open(found.gl_pathv[i], O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            ssize_t n = read(fd, name, sizeof name - 1);
            close(fd);
            char *folder = strrchr(found.gl_pathv[i], '/');
            if (n > 0 && strcmp(name, port_name) == 0) {
                *folder = 0;
                snprintf(path, sizeof path, "/dev/%s", strrchr(found.gl_pathv[i], '/') + 1);
                port = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
            }
        }
    }
    globfree(&found);
    if (port >= 0) {
        fcntl(port, F_SETOWN, getpid());
        fcntl(port, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC);
    }
}

static void look_for_devices(void) {
    static int64_t since;
    since = since == 0 ? now_ms() : since;
    open_port();
    listen_vsock();
    if (port >= 0) {
        host_look();
    } else if (listener < 0) {
        timer_set(&devices, now_ms() - since < SOON_FOR_MS ? SOON_MS : LATER_MS);
    }
}

void host_at_devices(void) {
    look_for_devices();
}
