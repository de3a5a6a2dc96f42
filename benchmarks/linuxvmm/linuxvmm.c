/*
 * A minimal VMM in C that boots an unmodified Linux (a bzImage, by its 64-bit entry): one vCPU, RAM, COM1, ACPI tables
 * that tell of both, nothing else. It is what our boot of Linux is measured against.
 *
 *	gcc -O2 -Wall -Wextra -static -o linuxvmm linuxvmm.c
 *	./linuxvmm [-m MiB] [-i INITRD] [-a COMMAND-LINE] [-u TEXT] [-t SECONDS] [-f] BZIMAGE
 *
 *	-m  memory in MiB (256)		-u  end when the guest has written this text to COM1
 *	-t  end after so long, exit status 3 (60)
 *	-f  memory on a memfd, shared, as our VMM has it; else private, where the kernel may use huge pages
 *
 * The guest's serial output goes to stdout. When TEXT was seen one line goes to stderr, `up_us=<n> exits=<n>`: the time
 * since the first KVM_RUN and the exits to this program. Exit status: 0 TEXT was seen, 1 an error or the guest ended
 * before, 2 usage, 3 time over. The image's fields are checked against memory, the guest's accesses need no check: it
 * reaches nothing here but registers. Run only kernels you trust.
 */
#define _GNU_SOURCE
#include <asm/bootparam.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MIB (1UL << 20)
#define GDT 0x500
#define BOOT_PARAMS 0x7000
#define PML4 0x9000 /* then the PDPT and four page directories */
#define CMDLINE 0x20000
#define CMDLINE_MAX 2047
#define EBDA 0x9fc00
#define ACPI 0xe0000
#define HIGH_RAM 0x100000
#define COM1 0x3f8
#define COM1_GSI 4
#define RESET_PORT 0x64

static int vm, vcpu;
static struct kvm_run *run;
static uint8_t *ram;
static uint64_t ram_bytes = 256 * MIB, exits;
static const char *until;

static int check(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

/* The address in our memory of a range of the guest's, which must be RAM. */
static void *guest(uint64_t at, uint64_t bytes, const char *what)
{
	if (at > ram_bytes || bytes > ram_bytes - at)
		errx(1, "%s does not fit the memory", what);
	return ram + at;
}

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

/* ---- COM1: a 16550 whose transmitter is always ready and that nobody types at ---- */

static struct {
	uint8_t ier, lcr, mcr, scratch, divisor[2];
	bool fifo, sent, line; /* sent: the transmitter's interrupt was not yet read */
	uint8_t loop;	       /* the byte that came back in loop-back mode */
	bool looped;
} uart;

static void uart_interrupt(void)
{
	bool up = ((uart.ier & 2) && uart.sent) || ((uart.ier & 1) && uart.looped);
	if (up == uart.line)
		return;
	uart.line = up;
	struct kvm_irq_level level = {.irq = COM1_GSI, .level = up};
	check(ioctl(vm, KVM_IRQ_LINE, &level), "KVM_IRQ_LINE");
}

/* Whether the text that ends the run has been written in full. */
static bool transmit(uint8_t byte)
{
	static size_t matched;
	if (write(STDOUT_FILENO, &byte, 1) < 0)
		err(1, "stdout");
	if (!until)
		return false;
	matched = byte == (uint8_t)until[matched] ? matched + 1 : byte == (uint8_t)until[0];
	return !until[matched];
}

static bool uart_write(unsigned reg, uint8_t v)
{
	bool found = false;
	bool divisor = uart.lcr & 0x80;
	switch (reg) {
	case 0:
		if (divisor) {
			uart.divisor[0] = v;
		} else if (uart.mcr & 0x10) {
			uart.loop = v;
			uart.looped = true;
		} else {
			found = transmit(v);
			uart.sent = false; /* an edge for each byte */
			uart_interrupt();
			uart.sent = true;
		}
		break;
	case 1:
		if (divisor) {
			uart.divisor[1] = v;
		} else {
			uart.sent |= (v & 2) && !(uart.ier & 2);
			uart.ier = v & 15;
		}
		break;
	case 2:
		uart.fifo = v & 1;
		if (v & 2)
			uart.looped = false;
		break;
	case 3: uart.lcr = v; break;
	case 4: uart.mcr = v & 0x1f; break;
	case 7: uart.scratch = v; break;
	}
	uart_interrupt();
	return found;
}

static uint8_t uart_read(unsigned reg)
{
	uint8_t v = 0;
	bool divisor = uart.lcr & 0x80;
	switch (reg) {
	case 0:
		v = divisor ? uart.divisor[0] : uart.loop;
		uart.looped &= divisor;
		break;
	case 1: v = divisor ? uart.divisor[1] : uart.ier; break;
	case 2:
		v = uart.fifo ? 0xc0 : 0;
		if ((uart.ier & 1) && uart.looped) {
			v |= 4;
		} else if ((uart.ier & 2) && uart.sent) {
			v |= 2;
			uart.sent = false;
		} else {
			v |= 1;
		}
		break;
	case 3: v = uart.lcr; break;
	case 4: v = uart.mcr; break;
	case 5: v = 0x60 | uart.looped; break;
	case 6: /* in loop-back the outputs come back as inputs */
		v = uart.mcr & 0x10 ? (uart.mcr & 1) << 5 | (uart.mcr & 2) << 3 | (uart.mcr & 12) << 4 : 0xb0;
		break;
	case 7: v = uart.scratch; break;
	}
	uart_interrupt();
	return v;
}

/* ---- ACPI: hardware-reduced, as virtual machines have it; without it Linux looks for a PC's chips for seconds ---- */

/* Scope (\_SB) { Device (COM1) { _HID PNP0501, _UID 0, _CRS { IO 3f8-3ff, IRQ 4 } } } */
static const uint8_t dsdt_code[] = {
	0x10, 0x33, '\\', '_', 'S', 'B', '_', 0x5b, 0x82, 0x2b, 'C', 'O', 'M', '1',
	0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x05, 0x01, 0x08, '_', 'U', 'I', 'D', 0x00,
	0x08, '_', 'C', 'R', 'S', 0x11, 0x10, 0x0a, 0x0d,
	0x47, 0x01, 0xf8, 0x03, 0xf8, 0x03, 0x01, 0x08, 0x22, 1 << COM1_GSI, 0x00, 0x79, 0x00};

static void put(uint8_t *at, uint64_t v, unsigned bytes) { memcpy(at, &v, bytes); }

static void checksum(uint8_t *table, unsigned bytes, unsigned at)
{
	uint8_t sum = 0;
	table[at] = 0;
	for (unsigned i = 0; i < bytes; i++)
		sum += table[i];
	table[at] = -sum;
}

/* Finishes a table whose content follows its 36 bytes of header. */
static void table(uint8_t *at, const char *signature, unsigned bytes, unsigned revision)
{
	memcpy(at, signature, 4);
	put(at + 4, bytes, 4);
	at[8] = revision;
	memcpy(at + 10, "BENCH LINUXVMM", 14);
	put(at + 24, 1, 4);
	memcpy(at + 28, "BNCH", 4);
	put(at + 32, 1, 4);
	checksum(at, bytes, 9);
}

static void acpi_write(void)
{
	enum { XSDT = 64, FADT = 128, MADT = 448, DSDT = 512, ALL = 1024 };
	uint8_t *rsdp = guest(ACPI, ALL, "the ACPI tables"), *fadt = rsdp + FADT, *madt = rsdp + MADT;
	memcpy(rsdp + DSDT + 36, dsdt_code, sizeof dsdt_code);
	table(rsdp + DSDT, "DSDT", 36 + sizeof dsdt_code, 2);

	put(fadt + 109, 1 << 2 | 1 << 5, 2); /* no VGA, no CMOS clock */
	put(fadt + 112, 1 << 20 | 1 << 10 | 1 << 6 | 1 << 5 | 1 << 4 | 1 << 2 | 1, 4); /* hardware-reduced, reset register */
	fadt[116] = 1, fadt[117] = 8, fadt[119] = 1, put(fadt + 120, RESET_PORT, 8), fadt[128] = 0xfe;
	fadt[131] = 5;
	put(fadt + 140, ACPI + DSDT, 8);
	table(fadt, "FACP", 276, 6);

	put(madt + 36, 0xfee00000, 4);
	const uint8_t entries[] = {0, 8, 0, 0, 1, 0, 0, 0, 1, 12, 1, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0};
	memcpy(madt + 44, entries, sizeof entries); /* APIC 0, enabled; the I/O APIC */
	table(madt, "APIC", 44 + sizeof entries, 5);

	put(rsdp + XSDT + 36, ACPI + FADT, 8);
	put(rsdp + XSDT + 44, ACPI + MADT, 8);
	table(rsdp + XSDT, "XSDT", 52, 1);

	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "BENCH ", 6);
	rsdp[15] = 2;
	put(rsdp + 20, 36, 4);
	put(rsdp + 24, ACPI + XSDT, 8);
	checksum(rsdp, 20, 8);
	checksum(rsdp, 36, 32);
}

/* ---- the machine ---- */

static void set_cpuid(int kvm)
{
	static struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[256];
	} cpuid = {.head.nent = 256};
	check(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid), "KVM_GET_SUPPORTED_CPUID");
	for (unsigned i = 0; i < cpuid.head.nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid.entries[i];
		if (e->function == 1) {
			e->ebx = (e->ebx & 0xffff) | 1 << 16; /* APIC 0, one of one */
			e->ecx |= 1U << 31 | 1 << 24;	      /* a hypervisor, with kvm-clock; the TSC deadline timer */
		}
		if (e->function == 0xb || e->function == 0x1f)
			e->edx = 0;
		if (e->function == 0x8000001e)
			e->eax = e->ebx = e->ecx = 0;
		if (e->function == 0x80000008)
			e->ecx = 0;
	}
	check(ioctl(vcpu, KVM_SET_CPUID2, &cpuid), "KVM_SET_CPUID2");
}

static void create(bool shared)
{
	int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	uint64_t identity_map = 0xfffbc000;
	check(ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map), "KVM_SET_IDENTITY_MAP_ADDR");
	check(ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000), "KVM_SET_TSS_ADDR");
	int fd = -1;
	if (shared) {
		fd = check(memfd_create("linuxvmm", MFD_CLOEXEC), "memfd_create");
		check(ftruncate(fd, ram_bytes), "memfd");
	}
	ram = mmap(NULL, ram_bytes, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, fd, 0);
	check(ram == MAP_FAILED ? -1 : 0, "memory");
	struct kvm_userspace_memory_region slot = {.memory_size = ram_bytes, .userspace_addr = (uint64_t)ram};
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
	check(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	set_cpuid(kvm);
	struct kvm_lapic_state apic;
	check(ioctl(vcpu, KVM_GET_LAPIC, &apic), "KVM_GET_LAPIC");
	put((uint8_t *)apic.regs + 0x350, 0x700, 4); /* LINT0: ExtINT */
	put((uint8_t *)apic.regs + 0x360, 0x400, 4); /* LINT1: NMI */
	check(ioctl(vcpu, KVM_SET_LAPIC, &apic), "KVM_SET_LAPIC");
	int bytes = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	check(run == MAP_FAILED ? -1 : 0, "kvm_run");
}

static uint64_t file_bytes(int fd, const char *path)
{
	struct stat s;
	check(fstat(fd, &s), path);
	return s.st_size;
}

static void read_all(int fd, void *to, uint64_t bytes, uint64_t from, const char *path)
{
	for (uint64_t done = 0; done < bytes;) {
		ssize_t n = pread(fd, (uint8_t *)to + done, bytes - done, from + done);
		if (n <= 0)
			errx(1, "%s is cut short", path);
		done += n;
	}
}

/* Puts kernel, initrd, command line and boot parameters into memory and returns the entry. */
static uint64_t load(const char *path, const char *initrd, const char *text)
{
	struct boot_params *params = guest(BOOT_PARAMS, sizeof *params, "the boot parameters");
	int fd = check(open(path, O_RDONLY | O_CLOEXEC), path);
	uint8_t head[0x290];
	read_all(fd, head, sizeof head, 0, path);
	struct setup_header *hdr = &params->hdr;
	unsigned header_bytes = 0x202 + head[0x201] - 0x1f1;
	if (memcmp(head + 0x202, "HdrS", 4) || header_bytes > sizeof *hdr)
		errx(1, "%s is no bzImage", path);
	memcpy(hdr, head + 0x1f1, header_bytes);
	if (hdr->version < 0x20c || !(hdr->xloadflags & XLF_KERNEL_64))
		errx(1, "%s has no 64-bit entry", path);
	uint64_t setup = ((hdr->setup_sects ? hdr->setup_sects : 4) + 1) * 512;
	uint64_t bytes = file_bytes(fd, path) - setup;
	guest(HIGH_RAM, hdr->init_size, "the kernel");
	read_all(fd, guest(HIGH_RAM, bytes, path), bytes, setup, path);
	close(fd);
	if (initrd) {
		fd = check(open(initrd, O_RDONLY | O_CLOEXEC), initrd);
		bytes = file_bytes(fd, initrd);
		if (bytes > ram_bytes / 2)
			errx(1, "%s does not fit the memory", initrd);
		hdr->ramdisk_image = (ram_bytes - bytes) & ~0xfffUL;
		hdr->ramdisk_size = bytes;
		read_all(fd, guest(hdr->ramdisk_image, bytes, initrd), bytes, 0, initrd);
		close(fd);
	}
	hdr->type_of_loader = 0xff;
	hdr->cmd_line_ptr = CMDLINE;
	strcpy(guest(CMDLINE, CMDLINE_MAX + 1, "the command line"), text);
	params->acpi_rsdp_addr = ACPI;
	params->e820_table[0] = (struct boot_e820_entry){.addr = 0, .size = EBDA, .type = 1};
	params->e820_table[1] = (struct boot_e820_entry){.addr = HIGH_RAM, .size = ram_bytes - HIGH_RAM, .type = 1};
	params->e820_entries = 2;
	return HIGH_RAM + 0x200;
}

/* Long mode, flat segments, the first 4 GiB mapped one to one. */
static void start_state(uint64_t entry)
{
	uint64_t *gdt = (uint64_t *)(ram + GDT), *tables = (uint64_t *)(ram + PML4);
	gdt[2] = 0x00af9b000000ffff;
	gdt[3] = 0x00cf93000000ffff;
	tables[0] = PML4 + 0x1003;
	for (unsigned i = 0; i < 4; i++)
		tables[512 + i] = PML4 + 0x2003 + i * 4096;
	for (uint64_t i = 0; i < 2048; i++)
		tables[1024 + i] = i << 21 | 0x83;
	struct kvm_sregs s;
	check(ioctl(vcpu, KVM_GET_SREGS, &s), "KVM_GET_SREGS");
	s.gdt = (struct kvm_dtable){.base = GDT, .limit = 0x1f};
	s.cs = (struct kvm_segment){.limit = 0xffffffff, .selector = 0x10, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1};
	s.ds = s.es = s.fs = s.gs = s.ss =
		(struct kvm_segment){.limit = 0xffffffff, .selector = 0x18, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1};
	s.cr0 = 0x80000011; /* PG, ET, PE */
	s.cr3 = PML4;
	s.cr4 = 0x20; /* PAE */
	s.efer = 0x500; /* LMA, LME */
	check(ioctl(vcpu, KVM_SET_SREGS, &s), "KVM_SET_SREGS");
	struct kvm_regs r = {.rip = entry, .rsp = 0x8ff0, .rsi = BOOT_PARAMS, .rflags = 2};
	check(ioctl(vcpu, KVM_SET_REGS, &r), "KVM_SET_REGS");
}

/* True when the text was seen. */
static bool pio(void)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	bool found = false;
	unsigned reg = run->io.port - COM1;
	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_IN) {
			memset(data, 0xff, run->io.size);
			if (reg < 8)
				*data = uart_read(reg);
			else if (run->io.port == RESET_PORT)
				*data = 0;
		} else if (reg < 8) {
			found |= uart_write(reg, *data);
		} else if (run->io.port == RESET_PORT && *data == 0xfe) {
			errx(1, "the guest asked for a reset");
		}
	}
	return found;
}

static void run_guest(void)
{
	for (;;) {
		if (ioctl(vcpu, KVM_RUN, 0) < 0) {
			if (errno != EINTR && errno != EAGAIN)
				err(1, "KVM_RUN");
			continue;
		}
		exits++;
		switch (run->exit_reason) {
		case KVM_EXIT_IO:
			if (pio())
				return;
			break;
		case KVM_EXIT_MMIO:
			if (!run->mmio.is_write)
				memset(run->mmio.data, 0xff, sizeof run->mmio.data);
			break;
		default: errx(1, "the vCPU stopped with exit reason %u, suberror %u", run->exit_reason, run->internal.suberror);
		}
	}
}

static void time_over(int signal)
{
	(void)signal;
	_exit(3);
}

int main(int argc, char **argv)
{
	const char *initrd = NULL, *text = "console=ttyS0";
	unsigned limit = 60;
	bool shared = false;
	for (int o; (o = getopt(argc, argv, "m:i:a:u:t:f")) != -1;) {
		switch (o) {
		case 'm': ram_bytes = strtoul(optarg, NULL, 10) * MIB; break;
		case 'i': initrd = optarg; break;
		case 'a': text = optarg; break;
		case 'u': until = optarg; break;
		case 't': limit = atoi(optarg); break;
		case 'f': shared = true; break;
		default: return 2;
		}
	}
	if (optind != argc - 1 || ram_bytes < 64 * MIB || ram_bytes > 3072 * MIB || strlen(text) > CMDLINE_MAX
	    || (until && !*until))
		errx(2, "usage: linuxvmm [-m MiB] [-i INITRD] [-a COMMAND-LINE] [-u TEXT] [-t SECONDS] [-f] BZIMAGE");
	create(shared);
	acpi_write();
	start_state(load(argv[optind], initrd, text));
	signal(SIGALRM, time_over);
	alarm(limit);
	double start_us = now_us();
	run_guest();
	fprintf(stderr, "up_us=%.0f exits=%lu\n", now_us() - start_us, exits);
	return 0;
}
