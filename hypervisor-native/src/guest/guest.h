/*
 * Stardust's test guest: a small program that runs alone in a VM, uses its memory, disk, timer and interrupts like a
 * busy small server, and checks all it reads back. One vCPU, no operating system. Its command line and its output are
 * described in docs/test-guest.md.
 *
 * Guest-physical memory, mapped one to one:
 *
 *	0x00000000  loader: GDT, its page tables, boot information, command line (read-only here)
 *	0x00200000  image: code, data, page tables, stacks, disk queue and buffers
 *	0x00800000  working set, ws_mib, rewritten for ever
 *	    + ws    fill, fill_mib, written once
 *	    + fill  generation table of the disk blocks, 4 bytes a block
 *	0xd0000000  virtio-mmio devices (addresses come by the command line)
 *	0xfec00000  IOAPIC
 *	0xfee00000  LAPIC
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AREAS 0x800000UL
#define PAGE 4096UL
#define MIB (1UL << 20)

/* entry.S */
extern volatile uint64_t irqs, timer_irqs, disk_irqs;
void idle(uint64_t seen);

/* cpu.c: interrupts and time */
extern uint64_t tsc_khz;
void cpu_init(void);
void route_gsi_to_disk(unsigned gsi);
void timer_arm(uint64_t ticks); /* at most 4 s */
static inline uint64_t us_to_ticks(uint64_t us) { return us * tsc_khz / 1000; }
static inline uint64_t ticks_to_us(uint64_t ticks) { return ticks / tsc_khz * 1000 + ticks % tsc_khz * 1000 / tsc_khz; }
static inline uint64_t now(void) {
	uint32_t lo, hi;
	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

/* io.c: the serial port, the way out, and what gcc takes for granted of a C library */
void print(const char *format, ...) __attribute__((format(printf, 1, 2))); /* %s, %lu, %016lx */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void power_off(void);
void *memset(void *to, int value, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
static inline void out8(uint16_t port, uint8_t value) { asm volatile("out %0, %1" : : "a"(value), "Nd"(port)); }
static inline uint32_t mmio_read(uint64_t at) { return *(volatile uint32_t *)at; }
static inline void mmio_write(uint64_t at, uint32_t value) { *(volatile uint32_t *)at = value; }

/* options.c: the command line */
struct options {
	uint64_t fill_mib, ws_mib, rate_mibs, seed, random_pct, disk_read, disk_kibs, disk_ws_mib, hb_ms, tick_us, run_s, check_s,
		attack_steps, tsc_khz;
};
struct device {
	uint64_t base;
	unsigned gsi;
};
extern struct options options;
void options_parse(const char *line);
bool next_device(const char **line, struct device *device);

/* sha256.c */
struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
};
void sha256_init(struct sha256 *s);
void sha256_blocks(struct sha256 *s, const uint8_t *data, size_t bytes); /* whole 64-byte blocks */
void sha256_end(struct sha256 *s, const uint8_t *tail, size_t bytes, char hex[65]); /* tail: under 64 bytes */
void sha256_self_test(void);

/* blk.c: one virtio block device, SLOTS requests in flight */
#define SLOTS 8
#define SECTOR 512UL
#define BUFFER (256 * 1024UL)
enum blk_type { BLK_READ = 0, BLK_WRITE = 1, BLK_FLUSH = 4 };
extern uint8_t blk_buffer[SLOTS][BUFFER];
bool blk_probe(const struct device *device);
void blk_init(const struct device *device);
uint64_t blk_bytes(void); /* 0: no disk */
bool blk_can_flush(void);
void blk_submit(unsigned slot, enum blk_type type, uint64_t at, size_t bytes);
int blk_collect(uint8_t *status); /* a slot whose request ended, or -1; status 0 is success */
void blk_wait(void);		  /* until a request has ended */

/* pattern.c: 4 KiB of content that follows from a few numbers */
enum area { WORKING_SET, FILL, DISK };
struct mismatch {
	unsigned offset;
	uint64_t expected, found;
};
void pattern_write(uint64_t *page, enum area area, uint64_t index, uint64_t version);
bool pattern_check(const uint64_t *page, enum area area, uint64_t index, uint64_t version, struct mismatch *m);

/* Work that is due every so many ticks; time lost in a pause is made up for 250 ms at most. */
struct pace {
	uint64_t every, next;
};
bool due(struct pace *pace, uint64_t time);

/* memory.c, disk.c: a step is a short unit of work, false when nothing is due */
extern uint64_t wrote_pages, checked_pages, ws_pass, errors;
uint64_t memory_init(uint64_t ram, uint64_t table_bytes); /* the address of the generation table */
void memory_start(uint64_t time);
bool memory_step(uint64_t time);
extern uint64_t disk_wrote, disk_checked, disk_errors;
void disk_print_sha256(void);
uint64_t disk_table_bytes(void);
void disk_start(uint64_t table, uint64_t time);
bool disk_step(uint64_t time);
void disk_collect(void);
void disk_drain(void);

/* attack.c */
void attack_init(const char *command_line, uint64_t ram_bytes);
bool attack_step(void);

/* main.c */
void stamp(uint64_t asked); /* the guest was alive at this moment, after a sleep of so many ticks */
bool may_complain(void);    /* an error line is still allowed */
