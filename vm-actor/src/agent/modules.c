#define _GNU_SOURCE
#include "modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_MODULES = 256, MAX_RULES = 256, MAX_NEEDS = 16, LINE_BYTES = 4096 };

static const char folder_path[] = "/modules";

static struct module {
    char *file;
    bool loaded;
} modules[MAX_MODULES];
static int module_count;

/* A line of the table. */
static struct rule {
    char *pattern;
    short order[MAX_NEEDS];
    int count;
    bool done;
} rules[MAX_RULES];
static int rule_count;

static int folder = -1;

static void load(struct module *module) {
    if (module->loaded) {
        return;
    }
    module->loaded = true;
    int fd = openat(folder, module->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST && errno != ENODEV)) {
        dprintf(2, "stardust-agent: cannot load %s: %s\n", module->file, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_module(const struct dirent *entry) {
    const char *end = strrchr(entry->d_name, '.');
    return end != NULL && strcmp(end, ".ko") == 0;
}

static struct module *find(const char *file) {
    for (int i = 0; i < module_count; i++) {
        if (strcmp(modules[i].file, file) == 0) {
            return &modules[i];
        }
    }
    return NULL;
}

static void read_rule(char *line) {
    char *rest;
    struct rule *rule = &rules[rule_count];
    char *pattern = strtok_r(line, " \n", &rest);
    if (pattern == NULL || *pattern == '#' || rule_count == MAX_RULES) {
        return;
    }
    *rule = (struct rule){.pattern = strdup(pattern)};
    char *file;
    while ((file = strtok_r(NULL, " \n", &rest)) != NULL) {
        struct module *module = find(file);
        if (module == NULL || rule->count == MAX_NEEDS) {
            dprintf(2, "stardust-agent: the table of modules names %s, which is not there\n", file);
        } else {
            rule->order[rule->count++] = (short)(module - modules);
        }
    }
    rule_count++;
}

void modules_read(void) {
    struct dirent **entries = NULL;
    folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int count = folder < 0 ? 0 : scandir(folder_path, &entries, is_module, by_name);
    for (int i = 0; i < count; i++) {
        if (module_count < MAX_MODULES) {
            modules[module_count++].file = strdup(entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    char line[LINE_BYTES];
    int fd = folder < 0 ? -1 : openat(folder, "table", O_RDONLY | O_CLOEXEC);
    FILE *table = fd < 0 ? NULL : fdopen(fd, "r");
    while (table != NULL && fgets(line, sizeof line, table) != NULL) {
        read_rule(line);
    }
    if (table != NULL) {
        fclose(table);
    } else {
        for (int i = 0; i < module_count; i++) {
            load(&modules[i]);
        }
    }
}

static bool apply(struct rule *rule) {
    bool first = !rule->done;
    rule->done = true;
    for (int i = 0; first && i < rule->count; i++) {
        load(&modules[rule->order[i]]);
    }
    return first;
}

/* Loads what a device of that name needs. */
static bool load_for(const char *name) {
    bool any = false;
    for (int i = 0; i < rule_count; i++) {
        if (!rules[i].done && fnmatch(rules[i].pattern, name, 0) == 0) {
            any = apply(&rules[i]) || any;
        }
    }
    return any;
}

static bool load_for_all(const char *files) {
    glob_t found;
    bool any = false;
    if (glob(files, 0, NULL, &found) != 0) {
        return false;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char name[LINE_BYTES];
        int fd = open(found.gl_pathv[i], O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, name, sizeof name - 1);
        if (fd >= 0) {
            close(fd);
        }
        if (n > 0) {
            name[n] = 0;
            name[strcspn(name, "\n")] = 0;
            any = load_for(name) || any;
        }
    }
    globfree(&found);
    return any;
}

bool modules_for_devices(void) {
    bool any = false;
    /* A driver that came brings devices behind it: virtio_pci those of virtio. */
    while (load_for_all("/sys/bus/*/devices/*/modalias") || load_for_all("/sys/class/input/input*/modalias")) {
        any = true;
    }
    return any;
}

void modules_for_filesystem(const char *type) {
    char pattern[64];
    snprintf(pattern, sizeof pattern, "fs-%s", type);
    for (int i = 0; i < rule_count; i++) {
        if (strcmp(rules[i].pattern, pattern) == 0) {
            apply(&rules[i]);
        }
    }
}

void modules_for_later(int where) {
    folder = where;
    for (int i = 0; i < rule_count; i++) {
        if (strcmp(rules[i].pattern, "later") == 0) {
            apply(&rules[i]);
        }
    }
    modules_for_devices();
}
