#define _GNU_SOURCE
#include "users.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIELDS = 7, LINE_BYTES = 4096 };

/* Splits a line at its colons, in place; gives how many parts it has, up to FIELDS. */
static int split(char *line, char *parts[FIELDS]) {
    int n = 0;
    line[strcspn(line, "\n")] = 0;
    while (n < FIELDS) {
        parts[n++] = line;
        line = strchr(line, ':');
        if (line == NULL) {
            break;
        }
        *line++ = 0;
    }
    return n;
}

static bool number(const char *text, unsigned int *value) {
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || n > 0xfffffffeUL) {
        return false;
    }
    *value = (unsigned int)n;
    return true;
}

/* Finds the line of a file whose first part is `name`, or whose third is the number. */
static bool find(const char *file, const char *name, char *line, char *parts[FIELDS], int needed) {
    FILE *in = fopen(file, "re");
    bool found = false;
    while (in != NULL && !found && fgets(line, LINE_BYTES, in) != NULL) {
        found = split(line, parts) >= needed && (strcmp(parts[0], name) == 0 || strcmp(parts[2], name) == 0);
    }
    if (in != NULL) {
        fclose(in);
    }
    return found;
}

static void add_groups(struct user *user, const char *name) {
    FILE *in = fopen("/etc/group", "re");
    char line[LINE_BYTES];
    char *parts[FIELDS];
    while (in != NULL && fgets(line, sizeof line, in) != NULL && user->group_count < MAX_GROUPS) {
        unsigned int gid;
        if (split(line, parts) < 4 || !number(parts[2], &gid)) {
            continue;
        }
        char *rest;
        for (char *member = strtok_r(parts[3], ",", &rest); member != NULL; member = strtok_r(NULL, ",", &rest)) {
            if (strcmp(member, name) == 0) {
                user->groups[user->group_count++] = gid;
                break;
            }
        }
    }
    if (in != NULL) {
        fclose(in);
    }
}

bool user_find(const char *text, struct user *user) {
    char *name = strdup(text);
    char *group = strchr(name, ':');
    if (group != NULL) {
        *group++ = 0;
    }
    char line[LINE_BYTES];
    char *parts[FIELDS];
    unsigned int id;
    bool known = true;
    memset(user, 0, sizeof *user);
    if (find("/etc/passwd", name, line, parts, FIELDS) && number(parts[2], &user->uid) && number(parts[3], &user->gid)) {
        user->home = strdup(parts[5]);
        char *login = strdup(parts[0]);
        add_groups(user, login);
        free(login);
    } else if (number(name, &id)) {
        user->uid = id;
        user->home = strdup(id == 0 ? "/root" : "/");
    } else {
        known = false;
    }
    if (known && group != NULL) {
        if (find("/etc/group", group, line, parts, 3) && number(parts[2], &id)) {
            user->gid = id;
        } else if (number(group, &id)) {
            user->gid = id;
        } else {
            known = false;
        }
    }
    free(name);
    return known;
}

void user_free(struct user *user) {
    free(user->home);
    user->home = NULL;
}

bool user_become(const struct user *user) {
    if (user->uid == getuid() && user->gid == getgid() && user->uid != 0) {
        return true;
    }
    return setgroups((size_t)user->group_count, user->groups) == 0 && setgid(user->gid) == 0 && setuid(user->uid) == 0;
}
