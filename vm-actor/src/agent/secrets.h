/* Secrets of the workload: files in memory that only it reads. */
#ifndef STARDUST_SECRETS_H
#define STARDUST_SECRETS_H

#include "agent.h"
#include "users.h"

/* Where they are: /run/secrets if nothing else was said. What was said is taken as it is, for tests. */
void secrets_place(const char *folder);
/* Writes those that are in the frame, for that user; NULL, or what is wrong with errno. */
const char *secrets_write(const struct frame *frame, const struct user *user);

#endif
