/* Start, the loop of work and sleep, the heartbeat. */
#include "guest.h"

extern uint64_t boot_params, boot_pvh, fault_vector, fault_error, fault_rip, fault_cr2;

/* As much of the PVH start information as is used (Xen's public/arch-x86/hvm/start_info.h). */
struct pvh_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, cmdline, rsdp, memory_map;
	uint32_t memory_map_entries;
};
struct pvh_memory {
	uint64_t at, bytes;
	uint32_t type, reserved;
};

/* The same of Linux's struct boot_params (Documentation/arch/x86/zero-page.rst): offsets, and an entry of its E820 map. */
enum { E820_ENTRIES = 0x1e8, CMD_LINE_PTR = 0x228, E820_TABLE = 0x2d0 };
struct e820_entry {
	uint64_t at, bytes;
	uint32_t type;
} __attribute__((packed));

static const char *command_line;
static uint64_t ram; /* bytes */
static uint64_t boot, heartbeats, next_heartbeat, units;
static uint64_t last_stamp, gap, max_gap; /* last_stamp 0: not counting yet */
static unsigned complaints;

bool may_complain(void) { return complaints++ < 20; }

void stamp(uint64_t asked)
{
	uint64_t time = now();
	int64_t g = time - last_stamp - asked;
	if (last_stamp && g > (int64_t)gap)
		gap = g;
	if (last_stamp)
		last_stamp = time;
}

_Noreturn void guest_fault(void)
{
	panic("vector=%lu error=%lu rip=%016lx cr2=%016lx", fault_vector, fault_error, fault_rip, fault_cr2);
}

/* RAM is taken to reach from 0 to the end of its last part below 4 GiB. */
static void add_memory(uint64_t at, uint64_t bytes, uint32_t type)
{
	if (type == 1 && at + bytes <= 1UL << 32 && at + bytes > ram)
		ram = at + bytes;
}

static void read_pvh_info(const struct pvh_info *info)
{
	const struct pvh_memory *map = (const struct pvh_memory *)info->memory_map;
	command_line = (const char *)info->cmdline;
	for (unsigned i = 0; i < info->memory_map_entries; i++)
		add_memory(map[i].at, map[i].bytes, map[i].type);
}

static void read_boot_params(const uint8_t *params)
{
	const struct e820_entry *map = (const struct e820_entry *)(params + E820_TABLE);
	command_line = (const char *)(uint64_t)*(const uint32_t *)(params + CMD_LINE_PTR);
	for (unsigned i = 0; i < params[E820_ENTRIES]; i++)
		add_memory(map[i].at, map[i].bytes, map[i].type);
}

/* Counts the disks on the command line and sets up the first. */
static uint64_t find_disks(void)
{
	uint64_t disks = 0;
	struct device device;
	for (const char *line = command_line; next_device(&line, &device);)
		if (blk_probe(&device) && !disks++ && !options.attack_steps)
			blk_init(&device);
	return disks;
}

static void heartbeat(uint64_t time)
{
	uint64_t period = us_to_ticks(options.hb_ms * 1000), g = gap;
	next_heartbeat += period;
	if ((int64_t)(time - next_heartbeat) >= 0)
		next_heartbeat = time + period; /* beats lost in a pause are not made up for */
	max_gap = g > max_gap ? g : max_gap;
	gap = 0;
	print("hb n=%lu t_ms=%lu units=%lu gap_us=%lu max_gap_us=%lu wrote_mib=%lu ws_pass=%lu checked=%lu errors=%lu "
	      "disk_wrote=%lu disk_checked=%lu disk_errors=%lu\n",
	      ++heartbeats, ticks_to_us(time - boot) / 1000, units, ticks_to_us(g), ticks_to_us(max_gap), wrote_pages * PAGE / MIB,
	      ws_pass, checked_pages, errors, disk_wrote, disk_checked, disk_errors);
}

/* Sleeps until the timer fires; disk requests that end meanwhile are looked after. */
static void sleep_for(uint64_t ticks)
{
	uint64_t fired = timer_irqs;
	timer_arm(ticks);
	for (;;) {
		uint64_t seen = irqs;
		if (timer_irqs != fired)
			return;
		disk_collect();
		idle(seen);
	}
}

static _Noreturn void work(void)
{
	uint64_t begin = now(), tick = us_to_ticks(options.tick_us), run = us_to_ticks(options.run_s * 1000000);
	next_heartbeat = begin + us_to_ticks(options.hb_ms * 1000);
	last_stamp = begin;
	for (;;) {
		uint64_t time = now();
		if ((int64_t)(time - next_heartbeat) >= 0)
			heartbeat(time);
		if (run && time - begin >= run)
			break;
		bool memory = memory_step(time), disk = disk_step(time), attack = attack_step();
		stamp(0);
		units++;
		if (!memory && !disk && !attack) {
			int64_t rest = next_heartbeat - now();
			uint64_t asked = rest <= 0 ? 0 : (uint64_t)rest < tick ? (uint64_t)rest : tick;
			sleep_for(asked);
			stamp(asked);
		}
	}
	disk_drain();
	print("bye errors=%lu\n", errors + disk_errors);
	power_off();
}

_Noreturn void guest_main(void)
{
	boot = now();
	cpu_init();
	if (boot_pvh)
		read_pvh_info((const struct pvh_info *)boot_pvh);
	else
		read_boot_params((const uint8_t *)boot_params);
	options_parse(command_line);
	sha256_self_test();
	uint64_t disks = find_disks();
	print("stardust test guest: memory=%luMiB seed=%lu tsc_khz=%lu disks=%lu\n", ram / MIB, options.seed, tsc_khz, disks);
	if (options.disk_read && disks)
		disk_print_sha256();
	uint64_t table = memory_init(ram, disk_table_bytes());
	if (options.attack_steps)
		attack_init(command_line, ram);
	print("ready\n");
	memory_start(now());
	disk_start(table, now());
	work();
}
