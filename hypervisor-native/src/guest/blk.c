/* A driver of virtio-blk over virtio-mmio (virtio 1.2, sections 4.2 and 5.2): one queue, a fixed chain a slot. */
#include "guest.h"

enum { MAGIC = 0x00, VERSION = 0x04, DEVICE_ID = 0x08, DEVICE_FEATURES = 0x10, DEVICE_FEATURES_SEL = 0x14,
       DRIVER_FEATURES = 0x20, DRIVER_FEATURES_SEL = 0x24, QUEUE_SEL = 0x30, QUEUE_NUM_MAX = 0x34, QUEUE_NUM = 0x38,
       QUEUE_READY = 0x44, QUEUE_NOTIFY = 0x50, INTERRUPT_STATUS = 0x60, INTERRUPT_ACK = 0x64, STATUS = 0x70,
       QUEUE_DESC = 0x80, QUEUE_DRIVER = 0x90, QUEUE_DEVICE = 0xa0, CAPACITY = 0x100 };
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };
enum { NEXT = 1, DEVICE_WRITES = 2 };
enum { QUEUE_SIZE = 32, BLOCK_DEVICE = 2 };
#define F_FLUSH (1UL << 9)
#define F_VERSION_1 (1UL << 32)

static struct {
	struct {
		uint64_t address;
		uint32_t bytes;
		uint16_t flags, next;
	} desc[QUEUE_SIZE];
	struct {
		uint16_t flags, index, ring[QUEUE_SIZE], event;
	} avail;
	struct {
		uint16_t flags, index;
		struct {
			uint32_t id, bytes;
		} ring[QUEUE_SIZE];
	} used __attribute__((aligned(4)));
} volatile queue __attribute__((aligned(16)));

static struct {
	uint32_t type, reserved;
	uint64_t sector;
} header[SLOTS] __attribute__((aligned(16)));
static volatile uint8_t status[SLOTS];
static bool in_flight[SLOTS];
uint8_t blk_buffer[SLOTS][BUFFER] __attribute__((aligned(4096)));

static uint64_t base, features, capacity;
static uint16_t collected;
static uint64_t acknowledged; /* of disk_irqs */

bool blk_probe(const struct device *device)
{
	return mmio_read(device->base + MAGIC) == 0x74726976 && mmio_read(device->base + VERSION) == 2 &&
	       mmio_read(device->base + DEVICE_ID) == BLOCK_DEVICE;
}

static void write_address(unsigned reg, volatile void *p)
{
	mmio_write(base + reg, (uint64_t)p);
	mmio_write(base + reg + 4, (uint64_t)p >> 32);
}

static void negotiate(void)
{
	mmio_write(base + STATUS, 0);
	mmio_write(base + STATUS, ACKNOWLEDGE | DRIVER);
	for (unsigned i = 0; i < 2; i++) {
		mmio_write(base + DEVICE_FEATURES_SEL, i);
		features |= (uint64_t)mmio_read(base + DEVICE_FEATURES) << 32 * i;
	}
	if (!(features & F_VERSION_1))
		panic("disk: the device does not offer VIRTIO_F_VERSION_1");
	features &= F_VERSION_1 | F_FLUSH;
	for (unsigned i = 0; i < 2; i++) {
		mmio_write(base + DRIVER_FEATURES_SEL, i);
		mmio_write(base + DRIVER_FEATURES, features >> 32 * i);
	}
	mmio_write(base + STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	if (!(mmio_read(base + STATUS) & FEATURES_OK))
		panic("disk: the device refused the features %016lx", features);
}

void blk_init(const struct device *device)
{
	base = device->base;
	negotiate();
	mmio_write(base + QUEUE_SEL, 0);
	if (mmio_read(base + QUEUE_NUM_MAX) < QUEUE_SIZE)
		panic("disk: a queue of %lu is needed", (uint64_t)QUEUE_SIZE);
	for (unsigned s = 0; s < SLOTS; s++) {
		queue.desc[3 * s].address = (uint64_t)&header[s];
		queue.desc[3 * s].bytes = sizeof header[s];
		queue.desc[3 * s].flags = NEXT;
		queue.desc[3 * s + 1].address = (uint64_t)blk_buffer[s];
		queue.desc[3 * s + 1].next = 3 * s + 2;
		queue.desc[3 * s + 2].address = (uint64_t)&status[s];
		queue.desc[3 * s + 2].bytes = 1;
		queue.desc[3 * s + 2].flags = DEVICE_WRITES;
	}
	mmio_write(base + QUEUE_NUM, QUEUE_SIZE);
	write_address(QUEUE_DESC, queue.desc);
	write_address(QUEUE_DRIVER, &queue.avail);
	write_address(QUEUE_DEVICE, &queue.used);
	mmio_write(base + QUEUE_READY, 1);
	route_gsi_to_disk(device->gsi);
	mmio_write(base + STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	capacity = (mmio_read(base + CAPACITY) | (uint64_t)mmio_read(base + CAPACITY + 4) << 32) * SECTOR;
}

uint64_t blk_bytes(void) { return capacity; }

bool blk_can_flush(void) { return features & F_FLUSH; }

void blk_submit(unsigned slot, enum blk_type type, uint64_t at, size_t bytes)
{
	header[slot].type = type;
	header[slot].sector = at / SECTOR;
	status[slot] = 0xff;
	in_flight[slot] = true;
	queue.desc[3 * slot].next = 3 * slot + (type == BLK_FLUSH ? 2 : 1);
	queue.desc[3 * slot + 1].bytes = bytes;
	queue.desc[3 * slot + 1].flags = NEXT | (type == BLK_READ ? DEVICE_WRITES : 0);
	queue.avail.ring[queue.avail.index % QUEUE_SIZE] = 3 * slot;
	asm volatile("" : : : "memory"); /* x86 keeps stores in order; the compiler must as well */
	queue.avail.index++;
	asm volatile("mfence" : : : "memory");
	mmio_write(base + QUEUE_NOTIFY, 0);
}

int blk_collect(uint8_t *result)
{
	if (acknowledged != disk_irqs) { /* before the ring is read, else a request that ends in between is missed */
		acknowledged = disk_irqs;
		mmio_write(base + INTERRUPT_ACK, mmio_read(base + INTERRUPT_STATUS));
	}
	if (queue.used.index == collected)
		return -1;
	asm volatile("" : : : "memory");
	uint32_t id = queue.used.ring[collected++ % QUEUE_SIZE].id;
	if (id % 3 || id / 3 >= SLOTS || !in_flight[id / 3])
		panic("disk: the device returned chain %lu, which is not in flight", (uint64_t)id);
	in_flight[id / 3] = false;
	*result = status[id / 3];
	return id / 3;
}

void blk_wait(void)
{
	for (;;) {
		uint64_t seen = irqs;
		if (queue.used.index != collected)
			return;
		idle(seen);
	}
}
