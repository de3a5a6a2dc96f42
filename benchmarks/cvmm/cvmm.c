/*
 * A minimal VMM in C: the machine that Stardust's own VMM offers (RAM at 0, COM1, reset port, virtio-mmio block
 * device), without anything else. It is what the Java VMM is measured against, and a second opinion on the test guest.
 *
 *	gcc -O2 -Wall -Wextra -o cvmm cvmm.c -lpthread
 *	./cvmm [-m MiB] [-d DISK] [-a TEXT] [-t SECONDS] [-x SECONDS:ADDRESS:COUNT] [-X SECONDS:OFFSET:COUNT] GUEST.ELF
 *
 *	-m  memory in MiB (64)			-d  raw file or device as disk, written in place
 *	-a  command line of the guest		-t  end after so long, exit status 3 (0: never)
 *	-x  after SECONDS invert one byte in each of COUNT pages of guest memory from ADDRESS on
 *	-X  the same in the blocks of the disk file; numbers may be hexadecimal
 *
 * The guest's serial output goes to stdout; one line of figures goes to stderr at the end. Exit status: 0 the guest
 * asked for a reset, 1 an error, 2 usage, 3 time over. The disk's guest-given addresses are checked, nothing more: run
 * only guests you trust.
 */
#define _GNU_SOURCE
#include <asm/bootparam.h>
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MIB (1UL << 20)
#define CMDLINE 0x20000
#define GDT 0x500
#define BOOT_PARAMS 0x7000
#define PML4 0x9000 /* then the PDPT and four page directories */
#define VIRTIO_BASE 0xd0000000UL
#define VIRTIO_GSI 5
#define QUEUE_MAX 256

static int vm, vcpu;
static struct kvm_run *run;
static uint8_t *ram;
static uint64_t ram_bytes = 64 * MIB, exits;

/* The state of the one virtio device. Registers belong to the vCPU thread, the queue to the disk thread once it runs. */
static struct {
	int file, notify, interrupt;
	uint64_t sectors, features, driver_features;
	uint32_t features_sel, driver_sel, status, interrupt_status;
	uint32_t queue_num, queue_ready;
	uint64_t desc, avail, used;
	uint16_t seen;
	pthread_t thread;
} blk = {.file = -1};

struct fault {
	double seconds;
	uint64_t at, count;
	bool set, on_disk;
};

static int check(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

/* The address in our memory of a range of the guest's, or NULL when it is not all RAM. */
static void *guest(uint64_t at, uint64_t bytes)
{
	return at <= ram_bytes && bytes <= ram_bytes - at ? ram + at : NULL;
}

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

/* ---- virtio-blk ---- */

/* Serves one chain: header, data, status byte. Returns the bytes written into guest memory. */
static uint32_t blk_request(const struct vring_desc *table, uint16_t head)
{
	struct iovec data[QUEUE_MAX];
	unsigned n = 0, links = 0;
	uint64_t bytes = 0;
	const struct vring_desc *d = &table[head];
	const struct virtio_blk_outhdr *header = guest(d->addr, sizeof *header);
	if (!header || d->len < sizeof *header || !(d->flags & VRING_DESC_F_NEXT))
		errx(1, "disk: malformed request header");
	while (d = &table[d->next % blk.queue_num], d->flags & VRING_DESC_F_NEXT) {
		void *p = guest(d->addr, d->len);
		if (!p || ++links >= QUEUE_MAX)
			errx(1, "disk: malformed chain");
		data[n++] = (struct iovec){p, d->len};
		bytes += d->len;
	}
	uint8_t *status = guest(d->addr, 1);
	if (!status)
		errx(1, "disk: malformed status");
	uint64_t at = header->sector * 512;
	bool inside = header->sector <= blk.sectors && bytes / 512 <= blk.sectors - header->sector;
	ssize_t done = -1;
	if (header->type == VIRTIO_BLK_T_FLUSH)
		done = fdatasync(blk.file);
	else if (header->type == VIRTIO_BLK_T_IN && inside)
		done = preadv(blk.file, data, n, at);
	else if (header->type == VIRTIO_BLK_T_OUT && inside)
		done = pwritev(blk.file, data, n, at);
	*status = done == (ssize_t)bytes ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
	return (header->type == VIRTIO_BLK_T_IN ? bytes : 0) + 1;
}

/* Serves what the driver made available; then one interrupt for all of it. */
static void blk_serve(void)
{
	struct vring_desc *table = guest(blk.desc, blk.queue_num * sizeof *table);
	uint16_t *avail = guest(blk.avail, 6 + 2 * blk.queue_num);
	struct vring_used *used = guest(blk.used, 6 + 8 * blk.queue_num);
	if (!table || !avail || !used)
		errx(1, "disk: the queue is outside of memory");
	bool any = false;
	while (blk.seen != __atomic_load_n(&avail[1], __ATOMIC_ACQUIRE)) {
		uint16_t head = avail[2 + blk.seen++ % blk.queue_num] % blk.queue_num;
		used->ring[used->idx % blk.queue_num] = (struct vring_used_elem){head, blk_request(table, head)};
		__atomic_store_n(&used->idx, used->idx + 1, __ATOMIC_RELEASE);
		any = true;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (any && !(__atomic_load_n(&avail[0], __ATOMIC_RELAXED) & VRING_AVAIL_F_NO_INTERRUPT)) {
		__atomic_or_fetch(&blk.interrupt_status, VIRTIO_MMIO_INT_VRING, __ATOMIC_SEQ_CST);
		eventfd_write(blk.interrupt, 1);
	}
}

static void *blk_thread(void *unused)
{
	eventfd_t n;
	while (!eventfd_read(blk.notify, &n))
		blk_serve();
	return unused;
}

static uint32_t blk_read(uint64_t reg)
{
	switch (reg) {
	case VIRTIO_MMIO_MAGIC_VALUE: return 0x74726976;
	case VIRTIO_MMIO_VERSION: return 2;
	case VIRTIO_MMIO_DEVICE_ID: return 2;
	case VIRTIO_MMIO_DEVICE_FEATURES: return blk.features_sel < 2 ? blk.features >> 32 * blk.features_sel : 0;
	case VIRTIO_MMIO_QUEUE_NUM_MAX: return QUEUE_MAX;
	case VIRTIO_MMIO_QUEUE_READY: return blk.queue_ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS: return __atomic_load_n(&blk.interrupt_status, __ATOMIC_SEQ_CST);
	case VIRTIO_MMIO_STATUS: return blk.status;
	case VIRTIO_MMIO_CONFIG: return blk.sectors;
	case VIRTIO_MMIO_CONFIG + 4: return blk.sectors >> 32;
	default: return 0;
	}
}

static void set_low(uint64_t *reg, uint32_t v) { *reg = (*reg >> 32 << 32) | v; }
static void set_high(uint64_t *reg, uint32_t v) { *reg = (uint32_t)*reg | (uint64_t)v << 32; }

static void blk_status(uint32_t v)
{
	/* What the driver wants must have been offered, and the queue be of a sound size, before it may go on. */
	if ((v & VIRTIO_CONFIG_S_FEATURES_OK) && (blk.driver_features & ~blk.features))
		v &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	if ((v & VIRTIO_CONFIG_S_DRIVER_OK) && !(blk.status & VIRTIO_CONFIG_S_DRIVER_OK)) {
		if (!blk.queue_ready || !blk.queue_num || blk.queue_num > QUEUE_MAX || (blk.queue_num & (blk.queue_num - 1)))
			errx(1, "disk: the driver started without a queue");
		check(-pthread_create(&blk.thread, NULL, blk_thread, NULL), "pthread_create");
	}
	blk.status = v;
}

static void blk_write(uint64_t reg, uint32_t v)
{
	switch (reg) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL: blk.features_sel = v; break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL: blk.driver_sel = v; break;
	case VIRTIO_MMIO_DRIVER_FEATURES: (blk.driver_sel ? set_high : set_low)(&blk.driver_features, v); break;
	case VIRTIO_MMIO_QUEUE_NUM: blk.queue_num = v; break;
	case VIRTIO_MMIO_QUEUE_READY: blk.queue_ready = v; break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW: set_low(&blk.desc, v); break;
	case VIRTIO_MMIO_QUEUE_DESC_HIGH: set_high(&blk.desc, v); break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW: set_low(&blk.avail, v); break;
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH: set_high(&blk.avail, v); break;
	case VIRTIO_MMIO_QUEUE_USED_LOW: set_low(&blk.used, v); break;
	case VIRTIO_MMIO_QUEUE_USED_HIGH: set_high(&blk.used, v); break;
	case VIRTIO_MMIO_INTERRUPT_ACK: __atomic_and_fetch(&blk.interrupt_status, ~v, __ATOMIC_SEQ_CST); break;
	case VIRTIO_MMIO_STATUS: blk_status(v); break;
	}
}

static void blk_open(const char *path)
{
	blk.file = check(open(path, O_RDWR | O_CLOEXEC), path);
	blk.sectors = lseek(blk.file, 0, SEEK_END) / 512;
	blk.features = 1UL << VIRTIO_F_VERSION_1 | 1UL << VIRTIO_BLK_F_FLUSH;
	blk.notify = check(eventfd(0, EFD_CLOEXEC), "eventfd");
	blk.interrupt = check(eventfd(0, EFD_CLOEXEC), "eventfd");
	struct kvm_ioeventfd notify = {
		.addr = VIRTIO_BASE + VIRTIO_MMIO_QUEUE_NOTIFY, .len = 4, .fd = blk.notify, .flags = KVM_IOEVENTFD_FLAG_DATAMATCH};
	check(ioctl(vm, KVM_IOEVENTFD, &notify), "KVM_IOEVENTFD");
	struct kvm_irqfd interrupt = {.fd = blk.interrupt, .gsi = VIRTIO_GSI};
	check(ioctl(vm, KVM_IRQFD, &interrupt), "KVM_IRQFD");
}

/* ---- the machine ---- */

static void create(void)
{
	static struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[128];
	} cpuid = {.head.nent = 128};
	int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	check(ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000), "KVM_SET_TSS_ADDR");
	ram = mmap(NULL, ram_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	check(ram == MAP_FAILED ? -1 : 0, "memory");
	struct kvm_userspace_memory_region slot = {.memory_size = ram_bytes, .userspace_addr = (uint64_t)ram};
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
	check(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	check(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid), "KVM_GET_SUPPORTED_CPUID");
	check(ioctl(vcpu, KVM_SET_CPUID2, &cpuid), "KVM_SET_CPUID2");
	int bytes = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	check(run == MAP_FAILED ? -1 : 0, "kvm_run");
}

/* Copies the loadable segments and returns the entry. */
static uint64_t load(const char *path)
{
	int fd = check(open(path, O_RDONLY | O_CLOEXEC), path);
	Elf64_Ehdr elf;
	if (pread(fd, &elf, sizeof elf, 0) != sizeof elf || memcmp(elf.e_ident, ELFMAG, SELFMAG) || elf.e_machine != EM_X86_64)
		errx(1, "%s is not a 64-bit x86 ELF file", path);
	for (unsigned i = 0; i < elf.e_phnum; i++) {
		Elf64_Phdr p;
		if (pread(fd, &p, sizeof p, elf.e_phoff + i * sizeof p) != sizeof p)
			errx(1, "%s is cut short", path);
		if (p.p_type != PT_LOAD)
			continue;
		void *to = guest(p.p_paddr, p.p_memsz);
		if (!to || p.p_filesz > p.p_memsz || pread(fd, to, p.p_filesz, p.p_offset) != (ssize_t)p.p_filesz)
			errx(1, "%s: segment %u does not fit the memory or is cut short", path, i);
	}
	close(fd);
	return elf.e_entry;
}

/* Long mode, flat segments, the first 4 GiB mapped one to one. */
static void start_state(uint64_t entry)
{
	uint64_t *gdt = (uint64_t *)(ram + GDT), *table = (uint64_t *)(ram + PML4);
	gdt[2] = 0x00af9b000000ffff;
	gdt[3] = 0x00cf93000000ffff;
	table[0] = PML4 + 0x1003;
	for (unsigned i = 0; i < 4; i++)
		table[512 + i] = PML4 + 0x2003 + i * 4096;
	for (uint64_t i = 0; i < 2048; i++)
		table[1024 + i] = i << 21 | 0x83;
	struct kvm_sregs s;
	check(ioctl(vcpu, KVM_GET_SREGS, &s), "KVM_GET_SREGS");
	s.gdt = (struct kvm_dtable){.base = GDT, .limit = 0x1f};
	s.cs = (struct kvm_segment){.limit = 0xffffffff, .selector = 0x10, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1};
	s.ds = s.es = s.fs = s.gs = s.ss =
		(struct kvm_segment){.limit = 0xffffffff, .selector = 0x18, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1};
	s.cr0 = 0x80010033; /* PG, WP, NE, ET, MP, PE */
	s.cr3 = PML4;
	s.cr4 = 0x620; /* OSXMMEXCPT, OSFXSR, PAE */
	s.efer = 0x500; /* LMA, LME */
	check(ioctl(vcpu, KVM_SET_SREGS, &s), "KVM_SET_SREGS");
	struct kvm_regs r = {.rip = entry, .rsp = 0x8ff0, .rsi = BOOT_PARAMS, .rflags = 2};
	check(ioctl(vcpu, KVM_SET_REGS, &r), "KVM_SET_REGS");
}

/* What the guest looks for in Linux's boot parameters: the memory map and the command line. */
static void write_boot_params(const char *text)
{
	struct boot_params *params = (struct boot_params *)(ram + BOOT_PARAMS);
	params->hdr.cmd_line_ptr = CMDLINE;
	params->e820_entries = 1;
	params->e820_table[0] = (struct boot_e820_entry){.size = ram_bytes, .type = 1};
	char device[64] = "";
	if (blk.file >= 0)
		snprintf(device, sizeof device, " virtio_mmio.device=4K@0x%lx:%d", VIRTIO_BASE, VIRTIO_GSI);
	int khz = check(ioctl(vcpu, KVM_GET_TSC_KHZ, 0), "KVM_GET_TSC_KHZ");
	if (snprintf((char *)ram + CMDLINE, 2048, "%s%s tsc_khz=%d", text, device, khz) >= 2048)
		errx(2, "the command line is too long");
}

static void stop(int signal)
{
	(void)signal;
	run->immediate_exit = 1; /* also when the signal comes just before KVM_RUN */
}

static void mmio(void)
{
	uint64_t reg = run->mmio.phys_addr - VIRTIO_BASE;
	uint32_t v = ~0U;
	bool ours = blk.file >= 0 && run->mmio.phys_addr >= VIRTIO_BASE && reg < 0x1000 && run->mmio.len == 4;
	if (run->mmio.is_write) {
		memcpy(&v, run->mmio.data, 4);
		if (ours)
			blk_write(reg, v);
		return;
	}
	memset(run->mmio.data, 0xff, 8);
	if (ours) {
		v = blk_read(reg);
		memcpy(run->mmio.data, &v, 4);
	}
}

/* True when the guest asked for a reset. */
static bool pio(void)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	size_t bytes = (size_t)run->io.size * run->io.count;
	if (run->io.direction == KVM_EXIT_IO_IN) {
		memset(data, run->io.port == 0x64 ? 0 : 0xff, bytes);
		if (run->io.port == 0x3fd)
			*data = 0x60; /* the transmitter is empty */
		return false;
	}
	if (run->io.port == 0x3f8 && write(STDOUT_FILENO, data, bytes) < 0)
		err(1, "stdout");
	return run->io.port == 0x64 && *data == 0xfe;
}

/* Runs the guest to its end: 0 reset, 3 time over. */
static int run_guest(void)
{
	for (;; exits++) {
		if (ioctl(vcpu, KVM_RUN, 0) < 0) {
			if (errno == EINTR && run->immediate_exit)
				return 3;
			if (errno != EINTR && errno != EAGAIN)
				err(1, "KVM_RUN");
			continue;
		}
		switch (run->exit_reason) {
		case KVM_EXIT_IO:
			if (pio())
				return 0;
			break;
		case KVM_EXIT_MMIO: mmio(); break;
		default: errx(1, "the vCPU stopped with exit reason %u, suberror %u", run->exit_reason, run->internal.suberror);
		}
	}
}

static void *inject(void *argument)
{
	struct fault *f = argument;
	usleep(f->seconds * 1e6);
	for (uint64_t i = 0; i < f->count; i++) {
		uint64_t at = f->at + i * 4096;
		uint8_t byte, *p = guest(at, 1);
		if (!f->on_disk && p)
			__atomic_fetch_xor(p, 0xff, __ATOMIC_SEQ_CST);
		else if (f->on_disk && pread(blk.file, &byte, 1, at) == 1) {
			byte = ~byte;
			check(pwrite(blk.file, &byte, 1, at), "disk");
		}
	}
	return NULL;
}

static struct fault parse_fault(const char *text, bool on_disk)
{
	struct fault f = {.set = true, .on_disk = on_disk};
	if (sscanf(text, "%lf:%li:%li", &f.seconds, (long *)&f.at, (long *)&f.count) != 3)
		errx(2, "%s: SECONDS:WHERE:COUNT is needed", text);
	return f;
}

int main(int argc, char **argv)
{
	const char *disk = NULL, *text = "";
	struct fault faults[2] = {0};
	double limit = 0;
	for (int o; (o = getopt(argc, argv, "m:d:a:t:x:X:")) != -1;) {
		switch (o) {
		case 'm': ram_bytes = strtoul(optarg, NULL, 10) * MIB; break;
		case 'd': disk = optarg; break;
		case 'a': text = optarg; break;
		case 't': limit = atof(optarg); break;
		case 'x': faults[0] = parse_fault(optarg, false); break;
		case 'X': faults[1] = parse_fault(optarg, true); break;
		default: return 2;
		}
	}
	if (optind != argc - 1 || ram_bytes < 4 * MIB || ram_bytes > 3072 * MIB)
		errx(2, "usage: cvmm [-m MiB] [-d DISK] [-a TEXT] [-t SECONDS] [-x|-X SECONDS:WHERE:COUNT] GUEST.ELF");
	create();
	if (disk)
		blk_open(disk);
	write_boot_params(text);
	start_state(load(argv[optind]));
	if (limit > 0) {
		sigaction(SIGALRM, &(struct sigaction){.sa_handler = stop}, NULL);
		timer_t timer;
		struct sigevent to_us = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM, ._sigev_un._tid = gettid()};
		check(timer_create(CLOCK_MONOTONIC, &to_us, &timer), "timer_create");
		struct itimerspec when = {.it_value = {(time_t)limit, (limit - (time_t)limit) * 1e9}};
		check(timer_settime(timer, 0, &when, NULL), "timer_settime");
	}
	for (int i = 0; i < 2; i++) {
		pthread_t thread;
		if (faults[i].set)
			check(-pthread_create(&thread, NULL, inject, &faults[i]), "pthread_create");
	}
	double begin = seconds(CLOCK_MONOTONIC);
	int status = run_guest();
	fprintf(stderr, "cvmm: %s wall_s=%.3f vcpu_cpu_s=%.3f process_cpu_s=%.3f exits=%lu\n",
		status ? "time over" : "guest asked for a reset", seconds(CLOCK_MONOTONIC) - begin,
		seconds(CLOCK_THREAD_CPUTIME_ID), seconds(CLOCK_PROCESS_CPUTIME_ID), exits);
	return status;
}
