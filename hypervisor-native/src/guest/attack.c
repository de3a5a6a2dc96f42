/*
 * The guest as an enemy of its VMM: random accesses to the registers of every virtio device and to ports, and queues
 * whose descriptors, rings and buffers are wrong in every way that comes to mind and change while a device reads them.
 *
 * The guest must live to tell of it: what a device may write lies in an arena of that device, or reaches beyond RAM,
 * which the VMM has to find out before it writes anything. So a page of the guest that changes is a fault of the VMM.
 */
#include "guest.h"

enum { DEVICE_FEATURES = 0x10, DEVICE_FEATURES_SEL = 0x14, DRIVER_FEATURES = 0x20, DRIVER_FEATURES_SEL = 0x24,
       QUEUE_SEL = 0x30, QUEUE_NUM_MAX = 0x34, QUEUE_NUM = 0x38, QUEUE_READY = 0x44, QUEUE_NOTIFY = 0x50, STATUS = 0x70,
       QUEUE_DESC = 0x80, QUEUE_DRIVER = 0x90, QUEUE_DEVICE = 0xa0, REGISTERS = 0x200 };
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 64 };
enum { DEVICES = 16, QUEUES = 6, QUEUE_SIZE = 32, ARENA = 64 * 1024, BUFFERS = QUEUES * PAGE };
enum { PIC1 = 0x20, PIC2 = 0xa0, COM1 = 0x3f8, RESET_PORT = 0x64, PORTS = 0x400 };

/* The rings of a queue: a page at the begin of the arena. Buffers are behind those of all queues. */
struct rings {
	struct {
		uint64_t address;
		uint32_t bytes;
		uint16_t flags, next;
	} desc[QUEUE_SIZE];
	struct {
		uint16_t flags, index, ring[QUEUE_SIZE];
	} avail;
	uint8_t used[1024] __attribute__((aligned(4)));
};

static struct device devices[DEVICES];
static unsigned count;
static uint8_t arenas[DEVICES][ARENA] __attribute__((aligned(4096)));
static uint64_t random_state, ram;
static uint64_t steps, stops;

static uint64_t random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	return random_state ^= random_state << 17;
}

static uint64_t below(uint64_t n) { return random() % n; }
static bool one_in(unsigned n) { return !below(n); }

void attack_init(const char *command_line, uint64_t ram_bytes)
{
	ram = ram_bytes;
	random_state = options.seed * 0x9e3779b97f4a7c15 | 1;
	for (const char *line = command_line; count < DEVICES && next_device(&line, &devices[count]);)
		count++;
	if (!count)
		panic("attack: there is no device");
}

/* A word for a buffer: small, or none that could be the number of a page of RAM. */
static uint32_t word(void) { return one_in(3) ? below(16) : (uint32_t)random() | 1U << 31; }

static void scribble(uint8_t *arena, uint64_t from, uint64_t to, unsigned words)
{
	while (words--)
		*(volatile uint32_t *)(arena + from + below((to - from) / 4) * 4) = word();
}

/* An address that is none, or too near to an end. */
static uint64_t wild(void)
{
	const uint64_t places[] = {ram, ram - 8, 0xd0000000, 0xfee00000, 1UL << 32, 1UL << 52, 0UL - 8, 0UL - PAGE, random() | 1UL << 40};
	return places[below(sizeof places / sizeof *places)];
}

static void write_address(uint64_t base, unsigned reg, void *p)
{
	uint64_t address = one_in(16) ? wild() : (uint64_t)p + (one_in(16) ? below(16) : 0);
	mmio_write(base + reg, address);
	mmio_write(base + reg + 4, address >> 32);
}

static void set_up(unsigned d)
{
	uint64_t base = devices[d].base;
	mmio_write(base + STATUS, 0);
	mmio_write(base + STATUS, ACKNOWLEDGE | DRIVER);
	for (unsigned i = 0; i < 2; i++) {
		mmio_write(base + DEVICE_FEATURES_SEL, i);
		uint32_t offered = mmio_read(base + DEVICE_FEATURES);
		mmio_write(base + DRIVER_FEATURES_SEL, i);
		mmio_write(base + DRIVER_FEATURES, i ? offered : one_in(16) ? random() : offered & random());
	}
	mmio_write(base + STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	for (unsigned q = 0; q < QUEUES; q++) {
		struct rings *rings = (struct rings *)(arenas[d] + q * PAGE);
		mmio_write(base + QUEUE_SEL, q);
		if (!mmio_read(base + QUEUE_NUM_MAX))
			break;
		memset(rings, 0, sizeof *rings);
		mmio_write(base + QUEUE_NUM, one_in(16) ? random() : QUEUE_SIZE);
		write_address(base, QUEUE_DESC, rings->desc);
		write_address(base, QUEUE_DRIVER, &rings->avail);
		write_address(base, QUEUE_DEVICE, rings->used);
		mmio_write(base + QUEUE_READY, 1);
	}
	mmio_write(base + STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

static void offer_chains(unsigned d, unsigned q)
{
	volatile struct rings *rings = (struct rings *)(arenas[d] + q * PAGE);
	for (unsigned i = 0; i < QUEUE_SIZE; i++) {
		uint64_t at = BUFFERS + below(ARENA - BUFFERS);
		bool beyond = one_in(64);
		rings->desc[i].address = one_in(64) ? wild() : (uint64_t)arenas[d] + at;
		rings->desc[i].bytes = beyond ? ram | random() : below(one_in(4) ? ARENA - at : 32 < ARENA - at ? 32 : ARENA - at);
		rings->desc[i].flags = one_in(16) ? random() : below(4);
		rings->desc[i].next = one_in(16) ? random() : (i + 1) % QUEUE_SIZE;
	}
	scribble(arenas[d], BUFFERS, ARENA, 64);
	for (unsigned n = below(8); n--;)
		rings->avail.ring[rings->avail.index++ % QUEUE_SIZE] = one_in(32) ? random() : below(QUEUE_SIZE);
	if (one_in(64))
		rings->avail.index += random();
	asm volatile("mfence" : : : "memory");
	mmio_write(devices[d].base + QUEUE_NOTIFY, q);
	/* Changed under the device's feet: flags and links, not what the device may write and how far. */
	for (unsigned n = below(64); n--;)
		rings->desc[below(QUEUE_SIZE)].next = below(2 * QUEUE_SIZE);
	scribble(arenas[d], BUFFERS, ARENA, 64);
}

static void touch_register(uint64_t base, unsigned offset)
{
	uint64_t at = base + offset, value = one_in(2) ? below(64) : random();
	if (offset >= QUEUE_DESC && offset < QUEUE_DEVICE + 8)
		value |= 1UL << 31; /* no ring in the guest's own memory */
	switch (below(8)) {
	case 0: *(volatile uint8_t *)at = value; break;
	case 1: *(volatile uint16_t *)at = value; break;
	case 2: *(volatile uint64_t *)at = value; break;
	case 3: (void)*(volatile uint8_t *)at; break;
	case 4: (void)*(volatile uint64_t *)at; break;
	case 5: (void)mmio_read(at); break;
	default: mmio_write(at, value);
	}
}

/* Whether one of the ports [first, first + n) is touched by an access of four bytes at this one. */
static bool touches(uint16_t port, uint16_t first, uint16_t n) { return port > first - 4 && port < first + n; }

/*
 * Any port but the console's, by which the guest speaks, that of the reset, and those of the PICs, which are KVM's: once
 * unmasked they would bring the devices' interrupts under vectors of exceptions.
 */
static void touch_port(void)
{
	uint16_t port = below(PORTS - 4);
	if (touches(port, COM1, 8) || touches(port, RESET_PORT, 1) || touches(port, PIC1, 2) || touches(port, PIC2, 2))
		return;
	uint32_t value = random();
	switch (below(4)) {
	case 0: asm volatile("in %1, %0" : "=a"(value) : "Nd"(port)); break;
	case 1: asm volatile("out %0, %1" : : "a"(value), "Nd"(port)); break;
	case 2: asm volatile("out %w0, %1" : : "a"(value), "Nd"(port)); break;
	default: out8(port, value);
	}
}

bool attack_step(void)
{
	if (!options.attack_steps || steps == options.attack_steps)
		return false;
	unsigned d = below(count);
	uint64_t base = devices[d].base;
	switch (below(16)) {
	case 0:
	case 1: set_up(d); break;
	case 2:
	case 3: touch_register(base, below(REGISTERS) / 4 * 4); break;
	case 4: touch_register(base, below(PAGE - 8)); break;
	case 5: touch_port(); break;
	default: offer_chains(d, below(QUEUES));
	}
	if (mmio_read(base + STATUS) & NEEDS_RESET) {
		stops++;
		set_up(d);
	}
	if (++steps == options.attack_steps)
		print("attack over steps=%lu stops=%lu\n", steps, stops);
	return true;
}
