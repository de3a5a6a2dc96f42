/* The words for this agent on the kernel's command line. */
#ifndef STARDUST_CMDLINE_H
#define STARDUST_CMDLINE_H

/* Reads it from an open /proc, or from where that is mounted if it is -1. */
void cmdline_read(int proc);
/* What is behind `name=`, "" for the bare name, NULL when it is not there; the last one counts. */
const char *cmdline_word(const char *name);

#endif
