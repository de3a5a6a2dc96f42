/*
 * Sockets between guest and host, for the lab's guests.
 *   vsock talk PORT   connects to the host, sends what it reads and writes what comes back
 *   vsock echo PORT   takes one connection of the host and sends back what comes
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

static void fail(const char *what)
{
	fprintf(stderr, "vsock: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put(int fd, const char *bytes, ssize_t count)
{
	while (count > 0) {
		ssize_t written = write(fd, bytes, count);
		if (written < 0)
			fail("write");
		bytes += written;
		count -= written;
	}
}

/* Both ways at once: whoever only sends fills the other's buffers and both stand still. */
static void talk(int socket)
{
	static char sending[4096], bytes[65536];
	size_t begin = 0, end = 0;
	int open = 1;

	for (;;) {
		struct pollfd fd = { .fd = socket, .events = POLLIN | (end > begin ? POLLOUT : 0) };
		if (open && end == begin) {
			ssize_t count = read(STDIN_FILENO, sending, sizeof sending);
			if (count < 0)
				fail("read");
			begin = 0;
			end = count;
			if (count == 0) {
				open = 0;
				shutdown(socket, SHUT_WR);
			}
			continue;
		}
		if (poll(&fd, 1, -1) < 0)
			fail("poll");
		if (fd.revents & (POLLIN | POLLHUP | POLLERR)) {
			ssize_t count = read(socket, bytes, sizeof bytes);
			if (count < 0)
				fail("receive");
			if (count == 0)
				return;
			put(STDOUT_FILENO, bytes, count);
		}
		if (fd.revents & POLLOUT) {
			ssize_t count = send(socket, sending + begin, end - begin, MSG_DONTWAIT);
			if (count < 0 && errno != EAGAIN)
				fail("send");
			begin += count < 0 ? 0 : count;
		}
	}
}

static void echo(int listener)
{
	static char bytes[65536];
	int socket = accept(listener, NULL, NULL);
	ssize_t count;

	if (socket < 0)
		fail("accept");
	while ((count = read(socket, bytes, sizeof bytes)) > 0)
		put(socket, bytes, count);
	if (count < 0)
		fail("receive");
}

int main(int argc, char **argv)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK };
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (fd < 0 || argc != 3)
		fail("socket");
	address.svm_port = atoi(argv[2]);
	if (strcmp(argv[1], "talk") == 0) {
		address.svm_cid = VMADDR_CID_HOST;
		if (connect(fd, (struct sockaddr *)&address, sizeof address))
			fail("connect");
		talk(fd);
	} else {
		address.svm_cid = VMADDR_CID_ANY;
		if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1))
			fail("listen");
		echo(fd);
	}
	return 0;
}
