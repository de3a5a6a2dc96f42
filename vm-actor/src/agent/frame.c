/* Frames: 12 bytes of header (payload length, type, three zeros, stream; little-endian) and up to 64 KiB. */
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FULL_BYTES = 512 << 10 };

static int connection = -1;

static uint8_t input[HEADER_BYTES + MAX_PAYLOAD];
static size_t input_length;

static uint8_t *output;
static size_t output_length;
static size_t output_sent;
static size_t output_room;

static uint32_t little_endian(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

void connection_begin(int fd) {
    connection = fd;
    input_length = 0;
    output_length = 0;
    output_sent = 0;
}

/* Handles the frames that are whole; false when one cannot be. */
static bool handle_input(void (*handle)(const struct frame *)) {
    size_t at = 0;
    while (input_length - at >= HEADER_BYTES) {
        const uint8_t *header = input + at;
        uint32_t length = little_endian(header);
        if (length > MAX_PAYLOAD || header[5] != 0 || header[6] != 0 || header[7] != 0) {
            fprintf(stderr, "stardust-agent: what came is no frame\n");
            return false;
        }
        if (input_length - at < HEADER_BYTES + length) {
            break;
        }
        struct frame frame = {header[4], little_endian(header + 8), header + HEADER_BYTES, length};
        handle(&frame);
        at += HEADER_BYTES + length;
    }
    memmove(input, input + at, input_length - at);
    input_length -= at;
    return true;
}

bool connection_read(void (*handle)(const struct frame *)) {
    while (true) {
        ssize_t n = read(connection, input + input_length, sizeof input - input_length);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        if (n == 0) {
            return false;
        }
        input_length += (size_t)n;
        if (!handle_input(handle)) {
            return false;
        }
    }
}

bool connection_write(void) {
    while (output_sent < output_length) {
        ssize_t n = write(connection, output + output_sent, output_length - output_sent);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        output_sent += (size_t)n;
    }
    output_length = 0;
    output_sent = 0;
    return true;
}

bool connection_has_output(void) {
    return output_sent < output_length;
}

bool connection_is_full(void) {
    return output_length - output_sent >= FULL_BYTES;
}

static uint8_t *room_for(size_t length) {
    if (output_sent > 0) {
        memmove(output, output + output_sent, output_length - output_sent);
        output_length -= output_sent;
        output_sent = 0;
    }
    if (output_length + length > output_room) {
        output_room = 2 * (output_length + length);
        output = realloc(output, output_room);
        if (output == NULL) {
            fprintf(stderr, "stardust-agent: no memory left\n");
            exit(1);
        }
    }
    uint8_t *at = output + output_length;
    output_length += length;
    return at;
}

void send_frame(uint8_t type, uint32_t stream, const void *payload, size_t length) {
    if (connection < 0) {
        return;
    }
    uint8_t *at = room_for(HEADER_BYTES + length);
    uint32_t n = (uint32_t)length;
    uint8_t header[HEADER_BYTES] = {
        (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24), type, 0, 0, 0,
        (uint8_t)stream, (uint8_t)(stream >> 8), (uint8_t)(stream >> 16), (uint8_t)(stream >> 24)};
    memcpy(at, header, HEADER_BYTES);
    if (length > 0) {
        memcpy(at + HEADER_BYTES, payload, length);
    }
}
