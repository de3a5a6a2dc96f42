/* Where the host is reached, and what it asks for. */
#define _GNU_SOURCE
#include "agent.h"
#include "filesystems.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

enum { VSOCK_PORT = 5252, RETRY_MS = 100, NONCE_BYTES = 16 };

static const char serial_port[] = "/dev/virtio-ports/dev.stardust.agent";

static int connection = -1;
static bool greeted;
static bool over;

static void hello(const struct frame *frame) {
    struct field nonce;
    if (number_field(frame, T_VERSION, 0) != PROTOCOL_VERSION || !find_field(frame, T_NONCE, &nonce)
        || nonce.length != NONCE_BYTES) {
        fail(frame->stream, EPROTO, "this agent speaks version %d of the protocol", PROTOCOL_VERSION);
        return;
    }
    /* Whoever spoke before is gone. */
    streams_close();
    greeted = true;
    struct fields fields;
    fields_begin(&fields);
    add_number(&fields, T_VERSION, PROTOCOL_VERSION);
    add_bytes(&fields, T_NONCE, nonce.bytes, nonce.length);
    send_fields(F_HELLO_REPLY, frame->stream, &fields);
}

static uint32_t little_endian(const struct frame *frame) {
    return frame->length < 4
        ? 0
        : (uint32_t)frame->payload[0] | (uint32_t)frame->payload[1] << 8 | (uint32_t)frame->payload[2] << 16
            | (uint32_t)frame->payload[3] << 24;
}

static void data(struct stream *stream, const struct frame *frame) {
    if (frame->length > stream->may_take) {
        fail(stream->number, EPROTO, "more came than was allowed");
        over = true;
        return;
    }
    stream->may_take -= frame->length;
    if (stream->kind == S_EXEC) {
        exec_input(stream, frame->payload, frame->length);
    } else if (stream->kind == S_WRITE) {
        write_data(stream, frame->payload, frame->length);
    }
}

static void end(struct stream *stream) {
    if (stream->kind == S_EXEC) {
        exec_end_input(stream);
    } else if (stream->kind == S_WRITE) {
        write_end(stream);
    }
}

static void credit(struct stream *stream, uint32_t bytes) {
    if (bytes > WINDOW_BYTES || stream->may_send + bytes > WINDOW_BYTES) {
        fail(stream->number, EPROTO, "more was given back than had been sent");
        over = true;
        return;
    }
    stream->may_send += bytes;
}

static void hole(struct stream *stream, const struct frame *frame) {
    if (stream->kind == S_WRITE && frame->length == 8) {
        uint64_t length = 0;
        for (int i = 0; i < 8; i++) {
            length |= (uint64_t)frame->payload[i] << (8 * i);
        }
        write_hole(stream, length);
    }
}

/* What is about a stream that has ended meanwhile is passed over. */
static void handle_stream(struct stream *stream, const struct frame *frame) {
    switch (frame->type) {
    case F_DATA:
        data(stream, frame);
        break;
    case F_END:
        end(stream);
        break;
    case F_CREDIT:
        credit(stream, little_endian(frame));
        break;
    case F_HOLE:
        hole(stream, frame);
        break;
    case F_SIGNAL:
        if (stream->kind == S_EXEC) {
            exec_signal(stream, little_endian(frame));
        }
        break;
    case F_RESIZE:
        if (stream->kind == S_EXEC) {
            uint32_t size = little_endian(frame);
            exec_resize(stream, (uint16_t)size, (uint16_t)(size >> 16));
        }
        break;
    case F_CLOSE:
        if (stream->kind == S_EXEC) {
            exec_close(stream);
        } else {
            copy_close(stream);
        }
        break;
    default:
        break;
    }
}

static void handle(const struct frame *frame) {
    if (over) {
        return;
    }
    if (frame->type == F_HELLO) {
        hello(frame);
    } else if (!greeted) {
        over = true;
    } else if (frame->type == F_EXEC) {
        exec_open(frame);
    } else if (frame->type == F_READ_FILE) {
        read_open(frame);
    } else if (frame->type == F_WRITE_FILE) {
        write_open(frame);
    } else if (frame->type == F_CALL) {
        call(frame);
    } else {
        struct stream *stream = stream_find(frame->stream);
        if (stream != NULL) {
            handle_stream(stream, frame);
        }
    }
}

static void connection_ready(void *context, short events) {
    (void)context;
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !connection_read(handle)) {
        over = true;
    }
    if ((events & POLLOUT) != 0 && !connection_write()) {
        over = true;
    }
}

static void child_ready(void *context, short events) {
    (void)events;
    struct signalfd_siginfo info;
    while (read(*(int *)context, &info, sizeof info) == sizeof info) {
    }
    exec_reap();
}

static void go_on(void) {
    for (size_t i = 0; i < MAX_STREAMS; i++) {
        struct stream *stream = stream_at(i);
        if (stream->kind == S_READ) {
            read_go_on(stream);
        } else if (stream->kind == S_EXEC) {
            exec_go_on(stream);
        }
    }
}

/* Serves a connection to its end. */
static void serve(int fd) {
    connection = fd;
    over = false;
    greeted = false;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    connection_begin(fd);
    while (!over) {
        go_on();
        if (connection_has_output() && !connection_write()) {
            break;
        }
        watch(fd, connection_has_output() ? POLLIN | POLLOUT : POLLIN, connection_ready, NULL);
        poll_once(filesystems_deadline_ms());
        if (filesystems_deadline_ms() == 0) {
            filesystems_thaw();
        }
    }
    connection_write();
    unwatch(fd);
    streams_close();
    filesystems_thaw();
    connection_begin(-1);
    close(fd);
}

static int listening(int domain, const void *address, socklen_t length) {
    int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (bind(fd, address, length) < 0 || listen(fd, 4) < 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int listen_vsock(void) {
    struct sockaddr_vm address = {
        .svm_family = AF_VSOCK,
        .svm_cid = VMADDR_CID_ANY,
        .svm_port = VSOCK_PORT,
    };
    return listening(AF_VSOCK, &address, sizeof address);
}

static int listen_unix(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    return listening(AF_UNIX, &address, sizeof address);
}

static void wait_a_little(void) {
    struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
    nanosleep(&pause, NULL);
    exec_reap();
}

static void note(void *context, short events) {
    *(short *)context = events;
}

/* Waits for that descriptor, and looks after children meanwhile; what is there. */
static short wait_for(int fd) {
    short events = 0;
    while (events == 0) {
        watch(fd, POLLIN, note, &events);
        poll_once(-1);
    }
    unwatch(fd);
    return events;
}

/* Serves whoever comes, one after the other, for ever. */
static void serve_all(int listener) {
    while (true) {
        wait_for(listener);
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            serve(fd);
        } else if (errno != EINTR && errno != EAGAIN) {
            wait_a_little();
        }
    }
}

/* The port is there as long as the machine; the host comes and goes. */
static void serve_port(const char *path) {
    while (true) {
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (fd >= 0 && (wait_for(fd) & POLLIN) != 0) {
            serve(fd);
        } else {
            if (fd >= 0) {
                close(fd);
            }
            wait_a_little();
        }
    }
}

int main(int count, char **arguments) {
    int null;
    do {
        null = open("/dev/null", O_RDWR); /* So that 0, 1 and 2 are taken. */
    } while (null >= 0 && null <= 2);
    close(null);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    signal(SIGPIPE, SIG_IGN);
    int child = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    if (child < 0) {
        perror("stardust-agent: signalfd");
        return 1;
    }
    watch(child, POLLIN, child_ready, &child);
    if (count == 3 && strcmp(arguments[1], "--unix") == 0) {
        int listener = listen_unix(arguments[2]);
        if (listener < 0) {
            perror("stardust-agent: cannot listen");
            return 1;
        }
        serve_all(listener);
    }
    if (count != 1) {
        fprintf(stderr, "usage: stardust-agent [--unix SOCKET]   (without: on vsock port %d, or on %s)\n", VSOCK_PORT, serial_port);
        return 2;
    }
    int listener = access(serial_port, F_OK) == 0 ? -1 : listen_vsock();
    if (listener >= 0) {
        serve_all(listener);
    }
    serve_port(serial_port);
    return 0;
}
