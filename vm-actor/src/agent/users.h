/* Users of the guest, from its own files: a static program has no name service. */
#ifndef STARDUST_USERS_H
#define STARDUST_USERS_H

#include <stdbool.h>
#include <sys/types.h>

enum { MAX_GROUPS = 64 };

struct user {
    uid_t uid;
    gid_t gid;
    char *home;
    gid_t groups[MAX_GROUPS];
    int group_count;
};

/* By name or number, with :GROUP behind it if another group is wanted; an unknown number is one too. */
bool user_find(const char *text, struct user *user);
void user_free(struct user *user);
/* Gives this process to the user. */
bool user_become(const struct user *user);

#endif
