/*
 * The round trip of an exit to user space and back, in C: a guest in 64-bit kernel mode that does nothing but `out`.
 *
 *	gcc -O2 -Wall -Wextra -o exits exits.c && ./exits
 *
 * Prints one line, `c exit_us=<median of the batches>`. It is the yardstick for the same loop in Java.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

enum { BATCHES = 500, EXITS_PER_BATCH = 100, PORT = 0x10, RAM = 2 << 20, CODE = 1 << 20, PML4 = 0x9000 };

static int check(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* A vCPU in 64-bit kernel mode, as our ELF loader leaves it: the code at 1 MiB, memory mapped one to one by 2 MiB pages. */
static int create(struct kvm_run **run)
{
	static const uint8_t code[] = {0xe6, PORT, 0xeb, 0xfc}; /* out %al, $PORT; jmp back */
	int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	uint8_t *ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(ram + CODE, code, sizeof code);
	*(uint64_t *)(ram + PML4) = PML4 + 0x1003;
	*(uint64_t *)(ram + PML4 + 0x1000) = PML4 + 0x2003;
	*(uint64_t *)(ram + PML4 + 0x2000) = 0x83;
	struct kvm_userspace_memory_region slot = {.memory_size = RAM, .userspace_addr = (uint64_t)ram};
	check(ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000), "KVM_SET_TSS_ADDR");
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
	check(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	int vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	int bytes = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	*run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	struct kvm_sregs s;
	check(ioctl(vcpu, KVM_GET_SREGS, &s), "KVM_GET_SREGS");
	s.cs = (struct kvm_segment){.limit = 0xffffffff, .selector = 0x10, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1};
	s.ds = s.es = s.fs = s.gs = s.ss =
		(struct kvm_segment){.limit = 0xffffffff, .selector = 0x18, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1};
	s.cr0 = 0x80010033; /* PG, WP, NE, ET, MP, PE */
	s.cr3 = PML4;
	s.cr4 = 0x620; /* OSXMMEXCPT, OSFXSR, PAE */
	s.efer = 0x500; /* LMA, LME */
	check(ioctl(vcpu, KVM_SET_SREGS, &s), "KVM_SET_SREGS");
	check(ioctl(vcpu, KVM_SET_REGS, &(struct kvm_regs){.rip = CODE, .rflags = 2}), "KVM_SET_REGS");
	return vcpu;
}

int main(void)
{
	struct kvm_run *run;
	int vcpu = create(&run);
	double batch[BATCHES]; /* short ones: on a busy machine most then pass without losing the processor */
	for (int b = 0; b < BATCHES; b++) {
		double begin = now_us();
		for (int i = 0; i < EXITS_PER_BATCH; i++) {
			check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
			if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT)
				errx(1, "unexpected exit %u", run->exit_reason);
		}
		batch[b] = (now_us() - begin) / EXITS_PER_BATCH;
	}
	qsort(batch, BATCHES, sizeof *batch, ascending);
	printf("c exit_us=%.2f\n", batch[BATCHES / 2]);
}
