/*
 * Stardust's agent in a guest: runs commands, copies files, tells what the guest does. One process, one thread, one
 * connection to the host at a time; docs/formats-agent.md has the protocol.
 *
 * Whoever is at the other end owns this machine. It is still never trusted with a length.
 */
#ifndef STARDUST_AGENT_H
#define STARDUST_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    PROTOCOL_VERSION = 1,
    HEADER_BYTES = 12,
    MAX_PAYLOAD = 64 << 10,
    /* What may be under way on a stream, each way, before the receiver gave some of it back. */
    WINDOW_BYTES = 256 << 10,
    MAX_STREAMS = 256,
};

/* Frames. */
enum {
    F_HELLO = 1,
    F_EXEC,
    F_READ_FILE,
    F_WRITE_FILE,
    F_CALL,
    F_DATA,
    F_END,
    F_CREDIT,
    F_SIGNAL,
    F_RESIZE,
    F_CLOSE,
    F_HOLE,
    F_ATTACH,

    F_HELLO_REPLY = 65,
    F_OPENED,
    F_OUTPUT,
    F_ERRORS,
    F_EXIT,
    F_DONE,
    F_FAILED,
};

/* Fields of frames that have some. */
enum {
    T_VERSION = 1,
    T_NONCE,
    T_TEXT,
    T_ARGUMENT,
    T_VARIABLE,
    T_FOLDER,
    T_USER,
    T_TERMINAL,
    T_STDIN,
    T_PATH,
    T_MODE,
    T_OFFSET,
    T_SIZE,
    T_MODIFIED,
    T_PID,
    T_CODE,
    T_SIGNAL,
    T_ERRNO,
    T_OPERATION,
    T_SECONDS,
    T_NANOSECONDS,
    T_BYTES,
    T_NAME,
    T_VALUE,
    T_PARTIAL,
};

/* What F_CALL asks for. */
enum {
    OP_METRICS = 1,
    OP_SHUT_DOWN,
    OP_SET_TIME,
    OP_FREEZE,
    OP_THAW,
    OP_NEW_IDENTITY,
    OP_PING,
    OP_START_WORKLOAD,
    OP_WORKLOAD_STATUS,
    OP_MOUNT_VOLUME,
};

/* A stream: what the host opened, until it has ended. Index in a table is not its number. */
struct stream {
    uint32_t number;
    enum { S_FREE, S_EXEC, S_READ, S_WRITE, S_ATTACH } kind;
    uint32_t may_send; /* bytes the host still takes */
    uint32_t may_take; /* bytes the host may still send */
    void *state;
};

/* --- frame.c: frames on the connection --- */

/* A frame that came in. */
struct frame {
    uint8_t type;
    uint32_t stream;
    const uint8_t *payload;
    uint32_t length;
};

void connection_begin(int fd);
/* Reads what there is and hands on whole frames; false when the connection is over or broken. */
bool connection_read(void (*handle)(const struct frame *));
/* Writes what waits; false when the connection is over. */
bool connection_write(void);
bool connection_has_output(void);
/* Whether so much waits to be written that nobody should add to it but small answers. */
bool connection_is_full(void);
void send_frame(uint8_t type, uint32_t stream, const void *payload, size_t length);

/* --- fields.c: what is in frames --- */

struct fields {
    uint8_t bytes[MAX_PAYLOAD];
    size_t length;
};

struct field {
    uint16_t tag;
    const uint8_t *bytes;
    uint32_t length;
};

/* The next field of a payload from *at on; 1, 0 at the end, -1 when the rest is no field. */
int next_field(const struct frame *frame, size_t *at, struct field *field);
/* The only field of that tag; false when there is none, or the payload is damaged. */
bool find_field(const struct frame *frame, uint16_t tag, struct field *field);
/* Unsigned little-endian number of up to 8 bytes; otherwise what is given. */
uint64_t number_field(const struct frame *frame, uint16_t tag, uint64_t otherwise);
/* As a string of its own, to be freed; NULL when it is missing or has a zero in it. */
char *text_field(const struct frame *frame, uint16_t tag);
char *text_of(const struct field *field);
void fields_begin(struct fields *fields);
void add_bytes(struct fields *fields, uint16_t tag, const void *bytes, size_t length);
void add_number(struct fields *fields, uint16_t tag, uint64_t number);
void add_text(struct fields *fields, uint16_t tag, const char *text);
void send_fields(uint8_t type, uint32_t stream, const struct fields *fields);

/* --- stream.c: streams --- */

struct stream *stream_open(uint32_t number);
struct stream *stream_find(uint32_t number);
void stream_free(struct stream *stream);
struct stream *stream_at(size_t index);
/* Ends it: a command is killed, a copy stops, an attached host leaves. */
void stream_close(struct stream *stream);
/* Ends all: their processes are killed, their files closed. */
void streams_close(void);
/* Tells that what was asked for on this stream failed. */
void fail(uint32_t stream, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
void give_credit(struct stream *stream, uint32_t bytes);

/* --- exec.c: commands --- */

void exec_open(const struct frame *frame);
/* Sends more of what it wrote, as far as the host takes it. */
void exec_go_on(struct stream *stream);
void exec_input(struct stream *stream, const uint8_t *bytes, size_t length);
void exec_end_input(struct stream *stream);
void exec_signal(struct stream *stream, uint32_t signal);
void exec_resize(struct stream *stream, uint16_t columns, uint16_t rows);
void exec_close(struct stream *stream);
/* That process ended; whether it was one of these. */
bool exec_ended(pid_t pid, int status);

/* --- copy.c: files --- */

void read_open(const struct frame *frame);
void write_open(const struct frame *frame);
/* Sends more of a file that is read, as far as the host takes it. */
void read_go_on(struct stream *stream);
void write_data(struct stream *stream, const uint8_t *bytes, size_t length);
void write_hole(struct stream *stream, uint64_t length);
void write_end(struct stream *stream);
void copy_close(struct stream *stream);

/* --- system.c: the machine --- */

void call(const struct frame *frame);

#endif
