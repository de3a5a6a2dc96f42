/* The machine's console: takes a copy of what the workload writes, whole lines at a time. */
#ifndef STARDUST_CONSOLE_H
#define STARDUST_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes there from now on. */
void console_open(const char *path);
/* Takes so many of these bytes; fewer than there are when the console is slower. */
size_t console_take(bool errors, const uint8_t *bytes, size_t length);
/* Writes also what is no whole line. */
void console_end(void);
/* Writes what waits, as far as it is taken. */
void console_pour(void);

#endif
