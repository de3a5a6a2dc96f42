/*
 * How long a program takes from its start to the first line that it writes: from just before it is spawned until the
 * newline was read from its standard output. Then it is killed.
 *
 *	gcc -O2 -Wall -Wextra -o firstline firstline.c
 *	./firstline SECONDS PROGRAM [ARGUMENT...]
 *
 * Prints `first_line_us=<n>`. In C and by vfork (posix_spawn), so that a peer is not charged for a JVM's way to start a
 * process. Exit status: 0, 1 an error or no line within SECONDS, 2 usage.
 */
#define _GNU_SOURCE
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

/* Reads up to the first newline. Returns 0, or an error text. */
static const char *await_line(int fd, double until_us)
{
	char text[256];
	for (;;) {
		double left_us = until_us - now_us();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (left_us <= 0 || poll(&p, 1, left_us / 1e3 + 1) == 0)
			return "no line in time";
		ssize_t n = read(fd, text, sizeof text);
		if (n <= 0)
			return "it ended without a line";
		if (memchr(text, '\n', n))
			return NULL;
	}
}

int main(int argc, char **argv)
{
	if (argc < 3 || atof(argv[1]) <= 0)
		errx(2, "usage: firstline SECONDS PROGRAM [ARGUMENT...]");
	int out[2];
	if (pipe(out) < 0)
		err(1, "pipe");
	posix_spawn_file_actions_t files;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", 0, 0);
	posix_spawn_file_actions_adddup2(&files, out[1], 1);
	posix_spawn_file_actions_addclose(&files, out[0]);
	posix_spawn_file_actions_addclose(&files, out[1]);
	pid_t child;
	double start_us = now_us();
	int failure = posix_spawnp(&child, argv[2], &files, NULL, argv + 2, environ);
	if (failure)
		errx(1, "%s: %s", argv[2], strerror(failure));
	close(out[1]);
	const char *wrong = await_line(out[0], start_us + atof(argv[1]) * 1e6);
	double took_us = now_us() - start_us;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	if (wrong)
		errx(1, "%s: %s", argv[2], wrong);
	printf("first_line_us=%.0f\n", took_us);
	return 0;
}
