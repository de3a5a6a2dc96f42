#define _GNU_SOURCE
#include "requests.h"

#include "workload.h"

#include <errno.h>

enum { NONCE_BYTES = 16 };

static bool greeted;
static bool over;

void requests_begin(void) {
    greeted = false;
    over = false;
}

bool requests_are_over(void) {
    return over;
}

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
    } else if (stream->kind == S_ATTACH) {
        attach_input(stream, frame->payload, frame->length);
    } else if (stream->kind == S_WRITE) {
        write_data(stream, frame->payload, frame->length);
    }
}

static void end(struct stream *stream) {
    if (stream->kind == S_EXEC) {
        exec_end_input(stream);
    } else if (stream->kind == S_ATTACH) {
        attach_end_input(stream);
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

static void send_signal(struct stream *stream, uint32_t number) {
    if (stream->kind == S_EXEC) {
        exec_signal(stream, number);
    } else if (stream->kind == S_ATTACH) {
        workload_signal(number);
    }
}

static void resize(struct stream *stream, uint16_t columns, uint16_t rows) {
    if (stream->kind == S_EXEC) {
        exec_resize(stream, columns, rows);
    } else if (stream->kind == S_ATTACH) {
        workload_resize(columns, rows);
    }
}

/* What is about a stream that has ended meanwhile is passed over. */
static void handle_stream(struct stream *stream, const struct frame *frame) {
    uint32_t number = little_endian(frame);
    switch (frame->type) {
    case F_DATA:
        data(stream, frame);
        break;
    case F_END:
        end(stream);
        break;
    case F_CREDIT:
        credit(stream, number);
        break;
    case F_HOLE:
        hole(stream, frame);
        break;
    case F_SIGNAL:
        send_signal(stream, number);
        break;
    case F_RESIZE:
        resize(stream, (uint16_t)number, (uint16_t)(number >> 16));
        break;
    case F_CLOSE:
        stream_close(stream);
        break;
    default:
        break;
    }
}

void request(const struct frame *frame) {
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
    } else if (frame->type == F_ATTACH) {
        attach_open(frame);
    } else {
        struct stream *stream = stream_find(frame->stream);
        if (stream != NULL) {
            handle_stream(stream, frame);
        }
    }
}

void requests_go_on(void) {
    for (size_t i = 0; i < MAX_STREAMS; i++) {
        struct stream *stream = stream_at(i);
        if (stream->kind == S_READ) {
            read_go_on(stream);
        } else if (stream->kind == S_EXEC) {
            exec_go_on(stream);
        }
    }
}
