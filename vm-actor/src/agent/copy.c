/* Files between host and guest: in pieces, holes kept, and gone on with where a copy broke off. */
#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 32 << 10, MODES = 07777 };

/* A file that is read or written. */
struct copy {
    int fd;
    off_t at;
    off_t size;       /* of one that is read */
    char *path;       /* of one that is written: its name in the end, */
    char *partial;    /* and until then */
    mode_t mode;
};

static void copy_free(struct stream *stream) {
    struct copy *copy = stream->state;
    close(copy->fd);
    free(copy->path);
    free(copy->partial);
    free(copy);
    stream_free(stream);
}

void copy_close(struct stream *stream) {
    copy_free(stream); /* What is there of a file that is written stays, to be gone on with. */
}

/* Makes a copy of a stream; NULL when there are no streams left, which was told. */
static struct copy *copy_begin(uint32_t number, int kind, int fd) {
    struct stream *stream = stream_open(number);
    struct copy *copy = stream == NULL ? NULL : calloc(1, sizeof *copy);
    if (copy != NULL) {
        copy->fd = fd;
        stream->kind = kind;
        stream->state = copy;
    }
    return copy;
}

void read_open(const struct frame *frame) {
    char *path = text_field(frame, T_PATH);
    if (path == NULL) {
        fail(frame->stream, EINVAL, "a file to read needs a path");
        return;
    }
    struct stat status = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) < 0) {
        fail(frame->stream, errno, "cannot read %s", path);
    } else if (!S_ISREG(status.st_mode)) {
        fail(frame->stream, S_ISDIR(status.st_mode) ? EISDIR : EINVAL, "%s is no regular file", path);
    } else {
        struct copy *copy = copy_begin(frame->stream, S_READ, fd);
        if (copy != NULL) {
            copy->at = (off_t)number_field(frame, T_OFFSET, 0);
            copy->size = status.st_size;
            struct fields fields;
            fields_begin(&fields);
            add_number(&fields, T_SIZE, (uint64_t)status.st_size);
            add_number(&fields, T_MODE, status.st_mode & MODES);
            add_number(&fields, T_MODIFIED, (uint64_t)status.st_mtime);
            send_fields(F_OPENED, frame->stream, &fields);
            fd = -1;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    free(path);
}

static void send_hole(uint32_t stream, uint64_t length) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(length >> (8 * i));
    }
    send_frame(F_HOLE, stream, bytes, sizeof bytes);
}

void read_go_on(struct stream *stream) {
    struct copy *copy = stream->state;
    uint8_t bytes[PIECE_BYTES];
    while (copy->at < copy->size && stream->may_send > 0 && !connection_is_full()) {
        off_t data = lseek(copy->fd, copy->at, SEEK_DATA);
        if (data < 0 || data > copy->size) {
            data = errno == ENXIO || data > copy->size ? copy->size : copy->at;
        }
        if (data > copy->at) {
            send_hole(stream->number, (uint64_t)(data - copy->at));
            copy->at = data;
            continue;
        }
        size_t room = stream->may_send < sizeof bytes ? stream->may_send : sizeof bytes;
        off_t hole = lseek(copy->fd, copy->at, SEEK_HOLE);
        off_t end = hole > copy->at && hole < copy->size ? hole : copy->size;
        if (end - copy->at < (off_t)room) {
            room = (size_t)(end - copy->at);
        }
        ssize_t n = pread(copy->fd, bytes, room, copy->at);
        if (n <= 0) {
            fail(stream->number, n < 0 ? errno : EIO, "the file ends at byte %lld, earlier than it did", (long long)copy->at);
            copy_free(stream);
            return;
        }
        stream->may_send -= (uint32_t)n;
        copy->at += n;
        send_frame(F_OUTPUT, stream->number, bytes, (size_t)n);
    }
    if (copy->at >= copy->size) {
        send_frame(F_DONE, stream->number, NULL, 0);
        copy_free(stream);
    }
}

void write_open(const struct frame *frame) {
    char *path = text_field(frame, T_PATH);
    char *name = text_field(frame, T_PARTIAL);
    char *partial = NULL;
    if (path == NULL || name == NULL || strchr(name, '/') != NULL || asprintf(&partial, "%s.%s.part", path, name) < 0) {
        fail(frame->stream, EINVAL, "a file to write needs a path, and a name for what is there of it");
        free(path);
        free(name);
        return;
    }
    free(name);
    struct stat status = {0};
    int fd = open(partial, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct copy *copy = NULL;
    if (fd < 0 || fstat(fd, &status) < 0) {
        fail(frame->stream, errno, "cannot write %s", path);
    } else if (stat(path, &(struct stat){0}) == 0 && access(path, W_OK) < 0) {
        fail(frame->stream, errno, "cannot replace %s", path);
    } else {
        copy = copy_begin(frame->stream, S_WRITE, fd);
    }
    if (copy == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        free(path);
        free(partial);
        return;
    }
    copy->at = status.st_size;
    copy->path = path;
    copy->partial = partial;
    copy->mode = (mode_t)(number_field(frame, T_MODE, 0644) & MODES);
    struct fields fields;
    fields_begin(&fields);
    add_number(&fields, T_OFFSET, (uint64_t)copy->at);
    send_fields(F_OPENED, frame->stream, &fields);
}

static void write_failed(struct stream *stream, const char *what) {
    struct copy *copy = stream->state;
    fail(stream->number, errno, "cannot %s %s", what, copy->path);
    copy_free(stream);
}

void write_data(struct stream *stream, const uint8_t *bytes, size_t length) {
    struct copy *copy = stream->state;
    for (size_t done = 0; done < length;) {
        ssize_t n = pwrite(copy->fd, bytes + done, length - done, copy->at);
        if (n < 0 && errno != EINTR) {
            write_failed(stream, "write");
            return;
        }
        if (n > 0) {
            done += (size_t)n;
            copy->at += n;
        }
    }
    give_credit(stream, (uint32_t)length);
}

void write_hole(struct stream *stream, uint64_t length) {
    struct copy *copy = stream->state;
    if (length > (uint64_t)(INT64_MAX - copy->at)) {
        errno = EFBIG;
        write_failed(stream, "write");
        return;
    }
    copy->at += (off_t)length;
    /* So that a copy that breaks off here goes on behind the hole. */
    if (ftruncate(copy->fd, copy->at) < 0) {
        write_failed(stream, "write");
    }
}

void write_end(struct stream *stream) {
    struct copy *copy = stream->state;
    if (ftruncate(copy->fd, copy->at) < 0 || fchmod(copy->fd, copy->mode) < 0 || fsync(copy->fd) < 0
        || rename(copy->partial, copy->path) < 0) {
        write_failed(stream, "finish");
        return;
    }
    send_frame(F_DONE, stream->number, NULL, 0);
    copy_free(stream);
}
