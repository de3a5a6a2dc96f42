/* Fields of a payload: tag (2 bytes), length (4 bytes), bytes; little-endian. */
#include "agent.h"

#include <stdlib.h>
#include <string.h>

enum { FIELD_HEADER_BYTES = 6 };

int next_field(const struct frame *frame, size_t *at, struct field *field) {
    size_t left = frame->length - *at;
    if (left == 0) {
        return 0;
    }
    if (left < FIELD_HEADER_BYTES) {
        return -1;
    }
    const uint8_t *p = frame->payload + *at;
    field->tag = (uint16_t)(p[0] | p[1] << 8);
    field->length = (uint32_t)p[2] | (uint32_t)p[3] << 8 | (uint32_t)p[4] << 16 | (uint32_t)p[5] << 24;
    field->bytes = p + FIELD_HEADER_BYTES;
    if (field->length > left - FIELD_HEADER_BYTES) {
        return -1;
    }
    *at += FIELD_HEADER_BYTES + field->length;
    return 1;
}

bool find_field(const struct frame *frame, uint16_t tag, struct field *field) {
    size_t at = 0;
    while (next_field(frame, &at, field) > 0) {
        if (field->tag == tag) {
            return true;
        }
    }
    return false;
}

uint64_t number_field(const struct frame *frame, uint16_t tag, uint64_t otherwise) {
    struct field field;
    if (!find_field(frame, tag, &field) || field.length > sizeof(uint64_t)) {
        return otherwise;
    }
    uint64_t number = 0;
    for (uint32_t i = 0; i < field.length; i++) {
        number |= (uint64_t)field.bytes[i] << (8 * i);
    }
    return number;
}

char *text_of(const struct field *field) {
    if (memchr(field->bytes, 0, field->length) != NULL) {
        return NULL;
    }
    return strndup((const char *)field->bytes, field->length);
}

char *text_field(const struct frame *frame, uint16_t tag) {
    struct field field;
    return find_field(frame, tag, &field) ? text_of(&field) : NULL;
}

void fields_begin(struct fields *fields) {
    fields->length = 0;
}

void add_bytes(struct fields *fields, uint16_t tag, const void *bytes, size_t length) {
    if (length > MAX_PAYLOAD - FIELD_HEADER_BYTES - fields->length) {
        return; /* Only texts of ours are that long, and they are cut elsewhere. */
    }
    uint8_t *p = fields->bytes + fields->length;
    p[0] = (uint8_t)tag;
    p[1] = (uint8_t)(tag >> 8);
    for (int i = 0; i < 4; i++) {
        p[2 + i] = (uint8_t)(length >> (8 * i));
    }
    memcpy(p + FIELD_HEADER_BYTES, bytes, length);
    fields->length += FIELD_HEADER_BYTES + length;
}

void add_number(struct fields *fields, uint16_t tag, uint64_t number) {
    uint8_t bytes[sizeof number];
    for (size_t i = 0; i < sizeof number; i++) {
        bytes[i] = (uint8_t)(number >> (8 * i));
    }
    add_bytes(fields, tag, bytes, sizeof bytes);
}

void add_text(struct fields *fields, uint16_t tag, const char *text) {
    add_bytes(fields, tag, text, strlen(text));
}

void send_fields(uint8_t type, uint32_t stream, const struct fields *fields) {
    send_frame(type, stream, fields->bytes, fields->length);
}
