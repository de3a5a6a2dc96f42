/* The machine as a whole: what it uses, its clock, its filesystems, who it is, its end. */
#define _GNU_SOURCE
#include "agent.h"
#include "filesystems.h"
#include "power.h"
#include "volumes.h"
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 1024, MAX_ENTROPY_BYTES = 4096, FREEZE_LIMIT_S = 60 };

static void done(uint32_t stream) {
    send_frame(F_DONE, stream, NULL, 0);
}

/* --- metrics --- */

static void metric(struct fields *fields, const char *name, uint64_t value) {
    add_text(fields, T_NAME, name);
    add_number(fields, T_VALUE, value);
}

static void memory(struct fields *fields) {
    FILE *in = fopen("/proc/meminfo", "re");
    char line[LINE_BYTES];
    unsigned long long kib;
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        if (sscanf(line, "MemTotal: %llu", &kib) == 1) {
            metric(fields, "memory_total_bytes", kib << 10);
        } else if (sscanf(line, "MemAvailable: %llu", &kib) == 1) {
            metric(fields, "memory_available_bytes", kib << 10);
        }
    }
    if (in != NULL) {
        fclose(in);
    }
}

static void load(struct fields *fields) {
    FILE *in = fopen("/proc/loadavg", "re");
    double one;
    double five;
    double fifteen;
    if (in != NULL && fscanf(in, "%lf %lf %lf", &one, &five, &fifteen) == 3) {
        metric(fields, "load_1m_thousandths", (uint64_t)(one * 1000));
        metric(fields, "load_5m_thousandths", (uint64_t)(five * 1000));
        metric(fields, "load_15m_thousandths", (uint64_t)(fifteen * 1000));
    }
    if (in != NULL) {
        fclose(in);
    }
    struct timespec up;
    if (clock_gettime(CLOCK_BOOTTIME, &up) == 0) {
        metric(fields, "uptime_ms", (uint64_t)up.tv_sec * 1000 + (uint64_t)up.tv_nsec / 1000000);
    }
}

static void processors(struct fields *fields) {
    FILE *in = fopen("/proc/stat", "re");
    unsigned long long user;
    unsigned long long nice;
    unsigned long long system;
    if (in != NULL && fscanf(in, "cpu %llu %llu %llu", &user, &nice, &system) == 3) {
        metric(fields, "cpu_busy_ms", (user + nice + system) * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK));
    }
    if (in != NULL) {
        fclose(in);
    }
    metric(fields, "cpus", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
}

static void root(struct fields *fields) {
    struct statvfs fs;
    if (statvfs("/", &fs) == 0) {
        metric(fields, "disk_total_bytes", (uint64_t)fs.f_blocks * fs.f_frsize);
        metric(fields, "disk_free_bytes", (uint64_t)fs.f_bavail * fs.f_frsize);
    }
}

static void network(struct fields *fields) {
    FILE *in = fopen("/proc/net/dev", "re");
    char line[LINE_BYTES];
    unsigned long long received = 0;
    unsigned long long sent = 0;
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        char name[32];
        unsigned long long in_bytes;
        unsigned long long out_bytes;
        if (sscanf(line, " %31[^:]: %llu %*u %*u %*u %*u %*u %*u %*u %llu", name, &in_bytes, &out_bytes) == 3
            && strcmp(name, "lo") != 0) {
            received += in_bytes;
            sent += out_bytes;
        }
    }
    if (in != NULL) {
        fclose(in);
    }
    metric(fields, "network_received_bytes", received);
    metric(fields, "network_sent_bytes", sent);
}

static void metrics(uint32_t stream) {
    struct fields fields;
    fields_begin(&fields);
    memory(&fields);
    load(&fields);
    processors(&fields);
    root(&fields);
    network(&fields);
    send_fields(F_DONE, stream, &fields);
}

/* --- clock --- */

static void set_time(const struct frame *frame) {
    struct timespec now = {
        .tv_sec = (time_t)number_field(frame, T_SECONDS, 0),
        .tv_nsec = (long)number_field(frame, T_NANOSECONDS, 0),
    };
    if (clock_settime(CLOCK_REALTIME, &now) < 0) {
        fail(frame->stream, errno, "cannot set the clock");
    } else {
        done(frame->stream);
    }
}

/* --- identity, after a clone --- */

/* Replaces a small file's content; false with errno. A file that is not there is made if `create`. */
static bool put_text(const char *path, const char *text, bool create) {
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | (create ? O_CREAT : 0), 0444);
    if (fd < 0) {
        return !create && errno == ENOENT;
    }
    size_t length = strlen(text);
    bool good = write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    close(fd);
    return good;
}

static bool stir(const struct frame *frame) {
    struct field seed;
    if (!find_field(frame, T_BYTES, &seed) || seed.length > MAX_ENTROPY_BYTES) {
        errno = EINVAL;
        return false;
    }
    struct {
        struct rand_pool_info head;
        uint8_t bytes[MAX_ENTROPY_BYTES];
    } pool = {.head = {.entropy_count = (int)seed.length * 8, .buf_size = (int)seed.length}};
    memcpy(pool.bytes, seed.bytes, seed.length);
    int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && ioctl(fd, RNDADDENTROPY, &pool) == 0 && ioctl(fd, RNDRESEEDCRNG) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

static void new_host_keys(void) {
    glob_t found;
    bool had = false;
    if (glob("/etc/ssh/ssh_host_*_key*", 0, NULL, &found) == 0) {
        had = found.gl_pathc > 0;
        for (size_t i = 0; i < found.gl_pathc; i++) {
            unlink(found.gl_pathv[i]);
        }
    }
    globfree(&found);
    if (had && fork() == 0) {
        execlp("ssh-keygen", "ssh-keygen", "-q", "-A", (char *)NULL);
        _exit(127); /* Without it the keys are made when sshd is set up. */
    }
}

/* The identity that was given last: a host that has lost count gives it again, a clone has that of the guest it is one of. */
static char identity[33];

static void new_identity(const struct frame *frame) {
    char *id = text_field(frame, T_VALUE);
    char *name = text_field(frame, T_NAME);
    if (id == NULL || strlen(id) != 32 || strspn(id, "0123456789abcdef") != 32) {
        fail(frame->stream, EINVAL, "a machine id has 32 digits, 0 to 9 and a to f");
    } else if (strcmp(id, identity) == 0) {
        done(frame->stream);
    } else {
        char line[40];
        snprintf(line, sizeof line, "%s\n", id);
        if (!stir(frame)) {
            fail(frame->stream, errno, "cannot stir the random numbers");
        } else if (!put_text("/etc/machine-id", line, true) || !put_text("/var/lib/dbus/machine-id", line, false)) {
            fail(frame->stream, errno, "cannot write the machine id");
        } else if (name != NULL
                   && (sethostname(name, strlen(name)) < 0 || !put_text("/etc/hostname", name, true))) {
            fail(frame->stream, errno, "cannot set the host's name");
        } else {
            new_host_keys();
            memcpy(identity, id, sizeof identity);
            done(frame->stream);
        }
    }
    free(id);
    free(name);
}

static void shut_down(const struct frame *frame) {
    bool again = number_field(frame, T_CODE, 0) != 0;
    done(frame->stream);
    connection_write();
    power_off(again);
}

void call(const struct frame *frame) {
    switch (number_field(frame, T_OPERATION, 0)) {
    case OP_METRICS:
        metrics(frame->stream);
        break;
    case OP_SHUT_DOWN:
        shut_down(frame);
        break;
    case OP_SET_TIME:
        set_time(frame);
        break;
    case OP_FREEZE: {
        uint64_t limit_s = number_field(frame, T_SECONDS, FREEZE_LIMIT_S);
        const char *what = filesystems_freeze(limit_s < FREEZE_LIMIT_S ? (unsigned int)limit_s : FREEZE_LIMIT_S);
        if (what != NULL) {
            fail(frame->stream, errno, "cannot freeze %s", what);
        } else {
            done(frame->stream);
        }
        break;
    }
    case OP_THAW:
        if (filesystems_thaw()) {
            done(frame->stream);
        } else {
            fail(frame->stream, ETIMEDOUT, "nothing was frozen any more: it took too long");
        }
        break;
    case OP_NEW_IDENTITY:
        new_identity(frame);
        break;
    case OP_START_WORKLOAD:
        workload_start(frame);
        break;
    case OP_WORKLOAD_STATUS:
        workload_status(frame);
        break;
    case OP_MOUNT_VOLUME:
        volume_mount(frame);
        break;
    case OP_PING:
        done(frame->stream);
        break;
    default:
        fail(frame->stream, ENOSYS, "this agent does not know that operation");
    }
}
