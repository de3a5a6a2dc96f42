#define _GNU_SOURCE
#include "cmdline.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { MAX_WORDS = 256, LINE_BYTES = 4096 };

static char line[LINE_BYTES];
static char *words[MAX_WORDS];
static int count;

void cmdline_read(int proc) {
    int in = proc < 0 ? open("/proc/cmdline", O_RDONLY | O_CLOEXEC) : openat(proc, "cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t length = in < 0 ? 0 : read(in, line, sizeof line - 1);
    if (in >= 0) {
        close(in);
    }
    line[length > 0 ? length : 0] = 0;
    count = 0;
    /* As the kernel cuts it: at white space that is not between quotation marks, which are left out. */
    char *to = line;
    for (char *at = line; *at != 0 && count < MAX_WORDS;) {
        while (isspace((unsigned char)*at)) {
            at++;
        }
        if (*at == 0) {
            break;
        }
        words[count++] = to;
        for (bool quoted = false; *at != 0 && (quoted || !isspace((unsigned char)*at)); at++) {
            if (*at == '"') {
                quoted = !quoted;
            } else {
                *to++ = *at;
            }
        }
        at += *at != 0 ? 1 : 0;
        *to++ = 0;
    }
}

const char *cmdline_word(const char *name) {
    size_t length = strlen(name);
    for (int i = count - 1; i >= 0; i--) {
        if (strncmp(words[i], name, length) == 0 && (words[i][length] == 0 || words[i][length] == '=')) {
            return words[i] + length + (words[i][length] == '=' ? 1 : 0);
        }
    }
    return NULL;
}
