/*
 * Measures how long a guest's port write takes to user space and back, as ExitBench does in Java with the same guest.
 * cc -O2 -o exits exits.c && ./exits
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

enum { BATCHES = 21, WARM_UP = 3, EXITS = 20000, MEMORY_BYTES = 1 << 20, START = 0x1000 };

static const unsigned char loop[] = {0xe6, 0x10, 0xeb, 0xfc}; /* out %al, $0x10; jmp to it */

static int checked(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long batch(int vcpu, const struct kvm_run *run)
{
	long start = now();
	for (int i = 0; i < EXITS; i++) {
		checked(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
		if (run->exit_reason != KVM_EXIT_IO || run->io.port != 0x10) {
			fprintf(stderr, "the guest left by exit %u\n", run->exit_reason);
			exit(1);
		}
	}
	return (now() - start) / EXITS;
}

static int ascending(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;
	return (x > y) - (x < y);
}

int main(void)
{
	int kvm = checked(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = checked(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	void *memory = mmap(0, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.memory_size = MEMORY_BYTES, .userspace_addr = (unsigned long)memory};
	checked(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	memcpy((char *)memory + START, loop, sizeof loop);
	int vcpu = checked(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	int size = checked(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	struct kvm_run *run = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	struct kvm_sregs sregs;
	checked(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = sregs.cs.selector = 0;
	checked(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	struct kvm_regs regs = {.rip = START, .rflags = 2};
	checked(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	long ns[BATCHES];
	for (int i = -WARM_UP; i < BATCHES; i++) {
		long per_exit = batch(vcpu, run);
		if (i >= 0)
			ns[i] = per_exit;
	}
	qsort(ns, BATCHES, sizeof *ns, ascending);
	printf("c:    exit round trip median %ld ns, best %ld ns, worst %ld ns (%d batches of %d)\n", ns[BATCHES / 2], ns[0],
	       ns[BATCHES - 1], BATCHES, EXITS);
}
