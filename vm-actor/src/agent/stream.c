/* Streams: what the host has opened and what has not ended. */
#include "agent.h"
#include "workload.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 512 };

static struct stream streams[MAX_STREAMS];

struct stream *stream_open(uint32_t number) {
    if (stream_find(number) != NULL) {
        fail(number, 0, "stream %u is in use", number);
        return NULL;
    }
    for (size_t i = 0; i < MAX_STREAMS; i++) {
        if (streams[i].kind == S_FREE) {
            streams[i] = (struct stream){.number = number, .may_send = WINDOW_BYTES, .may_take = WINDOW_BYTES};
            return &streams[i];
        }
    }
    fail(number, 0, "%d streams are open, no more can be", MAX_STREAMS);
    return NULL;
}

struct stream *stream_find(uint32_t number) {
    for (size_t i = 0; i < MAX_STREAMS; i++) {
        if (streams[i].kind != S_FREE && streams[i].number == number) {
            return &streams[i];
        }
    }
    return NULL;
}

struct stream *stream_at(size_t index) {
    return &streams[index];
}

void stream_free(struct stream *stream) {
    memset(stream, 0, sizeof *stream);
}

void stream_close(struct stream *stream) {
    if (stream->kind == S_EXEC) {
        exec_close(stream);
    } else if (stream->kind == S_ATTACH) {
        attach_close(stream);
    } else if (stream->kind != S_FREE) {
        copy_close(stream);
    }
}

void streams_close(void) {
    for (size_t i = 0; i < MAX_STREAMS; i++) {
        stream_close(&streams[i]);
    }
}

void fail(uint32_t stream, int error, const char *format, ...) {
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct fields fields;
    fields_begin(&fields);
    add_number(&fields, T_ERRNO, (uint64_t)error);
    add_text(&fields, T_TEXT, text);
    if (error != 0) {
        add_text(&fields, T_NAME, strerror(error));
    }
    send_fields(F_FAILED, stream, &fields);
}

void give_credit(struct stream *stream, uint32_t bytes) {
    uint8_t number[4];
    stream->may_take += bytes;
    for (int i = 0; i < 4; i++) {
        number[i] = (uint8_t)(bytes >> (8 * i));
    }
    send_frame(F_CREDIT, stream->number, number, sizeof number);
}
